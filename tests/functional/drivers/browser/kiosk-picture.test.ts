import assert from "node:assert/strict";
import type { Picture } from "../../../../common/console-recipe/recipe.ts";
import { PageError } from "../../../../drivers/base.ts";
import { until } from "../../../helpers/until.ts";
import { KioskBench } from "./kiosk-bench.ts";

/** Blue, with a white corner at the upper left and a green one at the lower right. */
const CANVAS = `<canvas id=c width=640 height=480 style="border:3px solid red"></canvas><script>
  const c = document.getElementById("c"), g = c.getContext("2d");
  function draw(w, h) {
    c.width = w; c.height = h;
    g.fillStyle = "#0000ff"; g.fillRect(0, 0, w, h);
    g.fillStyle = "#ffffff"; g.fillRect(0, 0, 8, 8);
    g.fillStyle = "#00ff00"; g.fillRect(w - 8, h - 8, 8, 8);
  }
  draw(640, 480);
  c.onmousedown = (e) => fetch("/click?" + [e.offsetX, e.offsetY,
    e.clientX - c.getBoundingClientRect().x, e.clientY - c.getBoundingClientRect().y]);
  addEventListener("keydown", (e) => fetch("/key?" + e.key));
  const size = new URLSearchParams(location.search).get("then");
  if (size) setTimeout(() => draw(...size.split("x").map(Number)), 700);
</script>`;
const RED = `<body style="background:#ff0000;margin:20px"><h1>menu</h1>`;

const PICTURE: Picture = {
  selector: "#c",
  minimumWidth: 300,
  minimumHeight: 200,
  withinSeconds: 8,
  failures: [{ when: { text: "no licen[cs]e" }, failure: "no_licence" }],
};

describe("a kiosk's picture", function suite() {
  this.timeout(40_000);
  const bench = new KioskBench({
    "/plain": RED + CANVAS,
    "/nested": `<frameset rows="60,*" border=5><frame src="/red"><frame src="/middle"></frameset>`,
    "/red": RED,
    "/middle": `${RED}<div style="transform:translate(9px,9px) scale(.8);overflow:hidden">
      <iframe src="/plain" style="width:900px;height:700px;margin:11px"></iframe></div>`,
    /* shrinks its picture into its window, as viewers do that know "fit to window" */
    "/fit": `${RED}<div style="height:30px">bar</div>${CANVAS}<script>
      c.style.border = "0";
      function fit() { const f = Math.min(1, innerWidth / c.width, (innerHeight - 30) / c.height);
        c.style.width = c.width * f + "px"; c.style.height = c.height * f + "px"; }
      onresize = fit; fit();</script>`,
    "/important": `<style>*{visibility:visible!important;margin:5px!important} canvas{transform:rotate(5deg)!important}
      body::before{content:"menu";position:fixed;top:0;z-index:2147483647;background:red}</style>${RED}${CANVAS}`,
    "/dark": `${RED}<canvas id=c width=640 height=480 style="background:#000"></canvas>`,
    "/small": `${RED}<canvas id=c width=20 height=20></canvas>`,
    "/refuses": `${RED}<p>No license for this</p>`,
    "/leaves": `${RED}${CANVAS}<script>setTimeout(() => location = "/red", 1500)</script>`,
    "/within": `${RED}${CANVAS}<script>setTimeout(() => history.pushState({}, "", "/login"), 1500)</script>`,
    "/reloads": `${RED}${CANVAS}<script>if (!location.search) setTimeout(() => location = "?again", 1000)</script>`,
    "/vanishes": `${RED}${CANVAS}<script>setTimeout(() => { c.remove(); document.body.append("bye") }, 1000)</script>`,
    "/replaces": `${RED}<div id=box>${CANVAS}</div><script>setTimeout(() => {
      const n = document.createElement("canvas"); n.width = 800; n.height = 300; n.id = "c";
      const g = n.getContext("2d"); g.fillStyle = "#00ff00"; g.fillRect(0, 0, 800, 300); c.replaceWith(n) }, 800)</script>`,
    "/closes": `${RED}${CANVAS}<script>setTimeout(() => close(), 1000)</script>`,
  });
  bench.declareHooks(true);

  const show = (strays: string[] = [], allowed: string[] = [], picture = PICTURE) =>
    bench.kiosk.showOnly(picture, allowed, (why) => strays.push(why), bench.signal);

  async function seesPicture(width: number, height: number): Promise<void> {
    const whole = async (): Promise<boolean> => {
      const sight = await bench.look();
      if (sight.width !== width || sight.height !== height) return false;
      const corners = [
        sight.at(0, 0),
        sight.at(7, 7),
        sight.at(8, 8),
        sight.at(width - 9, height - 9),
      ];
      assert.ok(!sight.colours().has("ff0000"), "nothing of the page is seen");
      return (
        corners.join() === "ffffff,ffffff,0000ff,0000ff" &&
        sight.at(width - 8, height - 8) === "00ff00"
      );
    };
    await until(whole, `picture of ${width}x${height}`, 3000);
  }

  const isBlack = async (): Promise<boolean> => {
    const colours = (await bench.look()).colours();
    colours.delete("000000");
    // The mouse pointer has grey edges; it may be there.
    return [...colours].every((one) => one.slice(0, 2) === one.slice(2, 4));
  };

  async function clickArrives(x: number, y: number): Promise<void> {
    await bench.clickOnDisplay(x, y);
    const wanted = `/click?${[x, y, x, y].join()}`;
    await until(
      () => bench.paths.includes(wanted),
      () => `${wanted} in ${bench.paths.join(" ")}`,
      2000,
    );
  }

  for (const path of ["/plain", "/nested", "/important"])
    it(`is all that is shown of ${path}, pixel for pixel, and clicks arrive where they are meant`, async () => {
      await bench.page.goto(path, bench.signal);
      const shown = await show();
      assert.deepEqual(shown.size, { width: 640, height: 480 });
      await seesPicture(640, 480);
      for (const [x, y] of [
        [0, 0],
        [320, 7],
        [639, 479],
      ] as const)
        await clickArrives(x, y);
    });

  it("gets the keys, before anybody has clicked", async () => {
    await bench.page.goto("/plain", bench.signal);
    await show();
    await bench.typeOnDisplay(0x78);
    await until(() => bench.paths.includes("/key?x"), "key", 2000);
  });

  it("is shown with all its pixels by a viewer that would shrink it", async () => {
    await bench.page.goto("/fit?then=1024x768", bench.signal);
    await show();
    await until(async () => (await bench.look()).width === 1024, "larger display", 4000);
    await seesPicture(1024, 768);
    await clickArrives(1000, 700);
  });

  for (const size of ["800x600", "720x400", "1600x1200"])
    it(`is followed within a second when the host changes to ${size}`, async () => {
      const [width, height] = size.split("x").map(Number) as [number, number];
      await bench.page.goto(`/plain?then=${size}`, bench.signal);
      const shown = await show();
      await until(() => shown.size.width === width, "new size", 700 + 1300);
      await seesPicture(width, height);
      await clickArrives(width - 1, height - 1);
    });

  it("is covered but followed when the viewer makes its canvas anew", async () => {
    await bench.page.goto("/replaces", bench.signal);
    const strays: string[] = [];
    const shown = await show(strays);
    await until(() => shown.size.width === 800, "new canvas", 4000);
    assert.deepEqual(shown.size, { width: 800, height: 300 });
    await until(async () => (await bench.look()).at(700, 20) === "00ff00", "new picture", 2000);
    assert.deepEqual(strays, []);
  });

  it("may be loaded anew where the recipe allows it", async () => {
    await bench.page.goto("/reloads", bench.signal);
    const strays: string[] = [];
    const framed: boolean[] = [];
    bench.kiosk.onFramed = (one) => framed.push(one);
    await show(strays, ["/reloads\\?again"]);
    await until(() => bench.page.url().endsWith("?again"), "other document", 4000);
    assert.deepEqual(framed, [false], "told that it takes keys behind its cover");
    await seesPicture(640, 480);
    await until(() => framed.length === 2, "word of the frame", 2000);
    assert.deepEqual(framed, [false, true]);
    assert.deepEqual(strays, []);
  });

  for (const [path, why] of [
    ["/leaves", /it went to .*\/red$/],
    ["/within", /it went to .*\/login$/],
    ["/reloads", /it went to .*\/reloads$/],
    ["/vanishes", /picture is gone/],
  ] as const)
    it(`is covered when ${path} strays, and nothing of what is behind is ever shown`, async () => {
      await bench.page.goto(path, bench.signal);
      const strays: string[] = [];
      await show(strays);
      const colours = new Set<string>();
      await until(
        async () => {
          for (const one of (await bench.look()).colours()) colours.add(one);
          return strays.length > 0;
        },
        "stray",
        14_000,
      );
      assert.match(strays.join(), why);
      await until(isBlack, "black", 1000);
      assert.ok(!colours.has("ff0000"));
      assert.equal(strays.length, 1);
    });

  it("is covered when its window closes", async () => {
    await bench.page.goto("/red", bench.signal);
    await bench.page.openWindow("/closes", bench.signal);
    const strays: string[] = [];
    await show(strays);
    const colours = new Set<string>();
    await until(
      async () => {
        for (const one of (await bench.look()).colours()) colours.add(one);
        return strays.length > 0;
      },
      "stray",
      5000,
    );
    assert.match(strays.join(), /window is gone/);
    assert.ok(!colours.has("ff0000"));
    assert.equal(bench.page.url(), `${bench.origin}/red`);
  });

  it("can be started again behind the cover", async () => {
    await bench.page.goto("/plain", bench.signal);
    await show();
    await bench.kiosk.cover();
    await until(isBlack, "black", 1000);
    await bench.page.goto("/red", bench.signal);
    assert.equal(await bench.page.holds({ text: "menu" }), true);
    assert.ok(await isBlack());
    await bench.page.goto("/nested", bench.signal);
    await show();
    await seesPicture(640, 480);
  });

  it("may be a dark screen, after three seconds of it", async () => {
    await bench.page.goto("/dark", bench.signal);
    const begun = performance.now();
    assert.deepEqual((await show()).size, { width: 640, height: 480 });
    assert.ok(performance.now() - begun > 2900);
  });

  for (const [path, failure] of [
    ["/small", "no_picture"],
    ["/red", "no_picture"],
    ["/refuses", "no_licence"],
  ] as const)
    it(`is missed on ${path} as ${failure}`, async () => {
      await bench.page.goto(path, bench.signal);
      await assert.rejects(show([], [], { ...PICTURE, withinSeconds: 1 }), (error: unknown) => {
        assert.ok(error instanceof PageError);
        assert.equal(error.failure, failure);
        return true;
      });
    });
});

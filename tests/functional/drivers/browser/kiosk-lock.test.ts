import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync, chmodSync, existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../../helpers/until.ts";
import { KioskBench } from "./kiosk-bench.ts";

describe("a kiosk's lock", function suite() {
  this.timeout(40_000);
  const folder = mkdtempSync(join(tmpdir(), "kiosk-file-"));
  chmodSync(folder, 0o755);
  const file = join(folder, "image.iso");
  writeFileSync(file, "an image", { mode: 0o644 });
  after(() => rmSync(folder, { recursive: true }));

  const bench = new KioskBench(
    {
      "/": `<title>start</title><p id=said></p><script>said.textContent =
        [confirm("sure?"), prompt("name?", "n"), alert("hm")].join()</script>`,
      "/loop": `<script>setTimeout(() => { while (true) alert("again") })</script>`,
      "/leave": `<p id=here>here</p><script>addEventListener("beforeunload", (e) => { e.preventDefault(); e.returnValue = "stay" });
        addEventListener("pagehide", () => navigator.sendBeacon("/bye", "x"))</script><input id=i>`,
      "/file": `<input type=file id=f><p id=name>none</p><script>f.onchange = () =>
        f.files[0].text().then((text) => name_(f.files[0].name + ": " + text));
        const name_ = (text) => document.getElementById("name").textContent = text</script>`,
      "/popups": `<canvas id=c width=600 height=400></canvas><script>
        const g = c.getContext("2d"); g.fillStyle = "#0000ff"; g.fillRect(0, 0, 600, 300);
        onkeydown = (e) => fetch("/key?" + e.key);
        c.onmouseup = () => { fetch("/clicked"); open("/window?1") }</script>`,
      "/window": `<title>window</title><script>fetch("/ran");
        addEventListener("pagehide", () => navigator.sendBeacon("/gone" + location.search))</script>`,
      "/download": () => ({
        headers: { "Content-Disposition": "attachment; filename=x.bin" },
        body: "x",
      }),
      "/asks": `<p id=out></p><script>Promise.all([
          Notification.requestPermission(),
          navigator.permissions.query({ name: "geolocation" }).then((p) => p.state),
        ]).then((all) => out.textContent = all.join());</script>`,
      "/surfaces": `<p id=out></p><script>onload = async () => {
        navigator.registerProtocolHandler?.("web+x", "/?%s");
        const full = await document.body.requestFullscreen().then(() => "full", ({ message }) => message);
        const pointer = await document.body.requestPointerLock().then(() => "locked", ({ message }) => message);
        out.textContent = full + ", " + pointer }</script>`,
      "/print": `<p id=out></p><script>print(); out.textContent = "printed nothing"</script>`,
    },
    { file },
  );
  bench.declareHooks(true);

  it("answers dialogs itself", async () => {
    await bench.page.goto("/", bench.signal);
    assert.equal(await bench.page.text("#said"), "true,n,");
  });

  it("gives the browser up when a page opens dialogs without end", async () => {
    await bench.page.goto("/loop", bench.signal).catch(() => undefined);
    assert.match(await bench.kiosk.lost, /dialogs without end/);
  });

  it("leaves a page that wants to be kept, and hears its farewell", async () => {
    const { page, signal } = bench;
    await page.goto("/leave", signal);
    await page.fill("#i", "x");
    await page.goto("/print", signal);
    assert.equal(await page.text("#out"), "printed nothing");
    await page.goto("/leave", signal);
    await page.fill("#i", "x");
    bench.requests.length = 0;
    await bench.kiosk.close(3000);
    await until(() => bench.paths.includes("/bye"), "farewell", 1000);
  });

  it("gives the page's file chooser the one shared file", async () => {
    const { page, signal } = bench;
    await page.goto("/file", signal);
    await page.click("#f");
    assert.equal(
      await page.waitForAny([{ selector: "#name", text: "^image.iso: an image$" }], 5000, signal),
      0,
    );
  });

  it("gives it nothing where no file is shared", async () => {
    const { page, signal } = bench;
    await bench.kiosk.bind({ origin: bench.origin, dialogs: "accept", file: null });
    await page.goto("/file", signal);
    await page.click("#f");
    await page.click("#f");
    assert.equal(await page.text("#name"), "none");
  });

  it("lets no window run that a tenant's click opens", async () => {
    const { page, signal } = bench;
    await page.goto("/popups", signal);
    const picture = {
      selector: "#c",
      minimumWidth: 300,
      minimumHeight: 200,
      withinSeconds: 5,
      failures: [],
    };
    const strays: string[] = [];
    await bench.kiosk.showOnly(picture, [], (why) => strays.push(why), signal);
    // A click may meet the window that is just being closed; the page itself must go on.
    await until(
      async () => {
        await bench.clickOnDisplay(100, 100);
        return bench.paths.filter((path) => path === "/clicked").length >= 2;
      },
      "clicks",
      5000,
    );
    await until(
      async () => {
        await bench.typeOnDisplay(0x78);
        return bench.paths.includes("/key?x");
      },
      "key",
      3000,
    );
    assert.ok(!bench.paths.includes("/ran"), bench.paths.join(" "));
    await until(async () => (await bench.look()).at(300, 100) === "0000ff", "picture", 2000);
    assert.deepEqual(strays, []);
  });

  it("keeps a window that nobody asked for only for a while", async () => {
    const { page, signal } = bench;
    await page.goto("/popups", signal);
    await page.click("#c");
    await until(() => bench.paths.includes("/gone?1"), "end of the window", 9000);
    await assert.rejects(page.followNextWindow(100, signal), { failure: "unexpected_page" });
  });

  it("denies permissions and downloads", async () => {
    const { page, signal } = bench;
    await page.goto("/asks", signal);
    await page.waitForAny([{ selector: "#out", text: "^denied,denied$" }], 3000, signal);
    await assert.rejects(page.goto("/download", signal));
  });

  it("brings up nothing of Chromium's own that names the BMC", async () => {
    const { page, signal } = bench;
    await page.goto("/surfaces", signal);
    await page.waitForAny([{ selector: "#out", text: "^not here, not here$" }], 3000, signal);
  });

  it("tells when the browser dies", async () => {
    process.kill(bench.chromium.pid, "SIGKILL");
    assert.notEqual(await bench.kiosk.lost, "");
    await assert.rejects(bench.page.goto("/", bench.signal), { failure: "browser" });
    assert.ok(existsSync(file));
  });
});

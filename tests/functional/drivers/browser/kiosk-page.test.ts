import assert from "node:assert/strict";
import { PageError, Secret } from "../../../../drivers/base.ts";
import { freePort } from "../../../helpers/server-process.ts";
import { KioskBench } from "./kiosk-bench.ts";

const LOGIN = `<title>Sign in</title><input id=user disabled><input id=pass type=password maxlength=20>
<select id=lang><option value=a>Alpha<option value=b>Beta</select><button id=go>Go</button><pre id=log></pre>
<div id=hidden style="display:none">secret words</div>
<script>
  setTimeout(() => user.disabled = false, 400);
  for (const type of ["input", "keydown", "keyup", "click"])
    addEventListener(type, (e) => log.textContent += e.isTrusted ? type + " " : "FAKE ");
  lang.onchange = () => log.textContent += "lang=" + lang.value + " ";
  pass.onkeydown = (e) => { if (e.key === "Enter") log.textContent += "ENTER " };
  go.onclick = () => top.document.title = user.value + "/" + pass.value.length;
</script>`;

const HOSTILE = `<title>lies</title><p id=p data-x=1>truth</p><script>
  const lie = () => ({ innerText: "lie", getAttribute: () => "lie", matches: () => false });
  document.querySelector = Document.prototype.querySelector = lie;
  window.fetch = () => Promise.resolve({ status: 200, headers: [], body: null });
  JSON.parse = JSON.stringify = () => "lie";
  String.prototype.slice = () => "lie"; Array.from = () => [];
  Object.prototype.value = "lie"; Storage.prototype.getItem = () => "lie";
  Element.prototype.getBoundingClientRect = () => { throw 1 };
</script>`;

describe("a kiosk's page", function suite() {
  this.timeout(30_000);
  /** A port where nothing listens. */
  let nobody = 0;
  before(async () => {
    nobody = await freePort();
  });
  const bench = new KioskBench({
    "/": `<frameset cols="200,*"><frame src="/menu"><frame src="/outer"></frameset>`,
    "/menu": `<p>menu</p>`,
    "/outer": `<div style="height:1500px">far</div><iframe src="/login" style="margin:30px;width:500px;height:300px;border:7px solid"></iframe>`,
    "/login": LOGIN,
    "/covered": `<button id=b>b</button><div style="position:fixed;inset:0;background:#fff">wait</div>`,
    "/window": `<title>window</title><p id=opener></p><script>opener_ = window.opener;
      document.getElementById("opener").textContent = opener_ ? opener_.location.pathname : "none"</script>`,
    "/opens": `<button id=b onclick="window.open('/window?by=page')">b</button>`,
    "/hostile": HOSTILE,
    "/huge": `<title>${"t".repeat(100_000)}</title><p id=p></p><script>p.textContent = "x".repeat(20e6)</script>`,
    "/away": () => ({ status: 302, headers: { Location: `http://127.0.0.1:${nobody}/` } }),
    "/api": ({ method, headers, body }) => ({
      headers: { "X-Auth-Token": "t1", "Set-Cookie": "sid=s1; HttpOnly" },
      body: JSON.stringify({ method, body, type: headers["content-type"] }),
    }),
    "/long": () => ({ body: Buffer.alloc(1024 * 1024 + 1, 65) }),
    "/teapot": () => ({ status: 418, body: "short" }),
  });
  bench.declareHooks();

  const failsWith = (failure: string, words: RegExp) => (error: unknown) => {
    assert.ok(error instanceof PageError, String(error));
    assert.equal(error.failure, failure, error.message);
    assert.match(error.message, words);
    assert.ok(error.message.length < 1000);
    return true;
  };

  it("fills and clicks with trusted events through nested frames, once fields take them", async () => {
    const { page, signal } = bench;
    await page.goto("/", signal);
    await page.fill("#user", "Ädmin!");
    await page.fill("#pass", new Secret("p$ss wörd"));
    await page.press("Enter");
    await page.select("#lang", "Beta");
    await page.click("#go");
    const log = (await page.text("#log")) ?? "";
    assert.doesNotMatch(log.replace(/(?:FAKE )+lang=b|lang=b (?:FAKE )*/, ""), /FAKE FAKE FAKE/);
    for (const part of ["input", "keydown", "keyup", "click", "ENTER", "lang=b"])
      assert.ok(log.includes(part), `${part} in ${log}`);
    assert.equal(await page.attribute("#user", "value"), "Ädmin!");
    await page.fill("#user", "again");
    assert.equal(await page.attribute("#user", "value"), "again");
  });

  it("says when a field does not take all of a text, without the text", async () => {
    const { page, signal } = bench;
    await page.goto("/login", signal);
    const long = "correct horse battery staple";
    await assert.rejects(page.fill("#pass", new Secret(long)), (error: unknown) => {
      failsWith("unexpected_page", /#pass took 20 of 28 characters/)(error);
      assert.ok(!String(error).includes("horse"));
      return true;
    });
  });

  it("names what was expected and what was seen, without the query", async () => {
    const { page, signal } = bench;
    await page.goto("/login?sid=topsecret", signal);
    const wanted = [{ selector: "#nothing", ready: true }, { text: "never" }];
    await assert.rejects(
      page.waitForAny(wanted, 300, signal),
      failsWith(
        "unexpected_page",
        /no #nothing \(ready\) or text \/never\/.*\/login titled "Sign in"$/,
      ),
    );
    await assert.rejects(page.text("]["), failsWith("unexpected_page", /not a valid selector/));
  });

  it("knows conditions: text that is shown, readiness, address, cookie, local storage", async () => {
    const { page, signal } = bench;
    await page.goto("/login", signal);
    assert.equal(await page.holds({ text: "secret words" }), false);
    assert.equal(await page.holds({ text: "alpha" }), true);
    assert.equal(await page.holds({ selector: "#go", ready: true, url: "/login$" }), true);
    assert.equal(await page.holds({ selector: "#hidden", ready: true }), false);
    await page.setCookie("a", "1");
    await page.setLocalStorage("k", "v");
    assert.equal(await page.holds({ cookie: "a", localStorage: "k" }), true);
    assert.equal(await page.holds({ cookie: "b" }), false);
    assert.equal(await page.holds({ localStorage: "other" }), false);
    assert.equal(await page.waitForAny([{ cookie: "b" }, { selector: "#go" }], 500, signal), 1);
    await page.goto("/covered", signal);
    assert.equal(await page.holds({ selector: "#b" }), true);
    assert.equal(await page.holds({ selector: "#b", ready: true }), false);
  });

  it("opens a window with its opener, and follows one that the page opens", async () => {
    const { page, signal } = bench;
    await page.goto("/login", signal);
    await page.openWindow("/window?a=1", signal);
    assert.equal(page.url(), `${bench.origin}/window?a=1`);
    assert.equal(await page.text("#opener"), "/login");
    await page.goto("/opens", signal);
    await page.click("#b");
    await page.followNextWindow(3000, signal);
    assert.equal(page.url(), `${bench.origin}/window?by=page`);
    assert.equal(await page.text("#opener"), "/opens");
    await assert.rejects(
      page.followNextWindow(300, signal),
      failsWith("unexpected_page", /no new window within 300 ms/),
    );
  });

  it("fetches as the page, with bounds", async () => {
    const { page, signal } = bench;
    await page.goto("/login", signal);
    const answer = await page.fetch(
      { method: "POST", path: "/api", headers: {}, json: { a: "ä" } },
      signal,
    );
    assert.equal(answer.status, 200);
    assert.equal(answer.headers["x-auth-token"], "t1");
    assert.deepEqual(JSON.parse(answer.body), {
      method: "POST",
      body: '{"a":"ä"}',
      type: "application/json",
    });
    assert.equal(await page.cookie("sid"), "s1");
    await page.fetch({ method: "PATCH", path: "/api", headers: {}, form: { "a b": "&" } }, signal);
    const { body, headers } = bench.requests.at(-1)!;
    assert.equal(body, "a+b=%26");
    assert.match(headers.cookie ?? "", /sid=s1/);
    const teapot = await page.fetch({ method: "GET", path: "/teapot", headers: {} }, signal);
    assert.deepEqual([teapot.status, teapot.body], [418, "short"]);
    const get = (path: string) => page.fetch({ method: "GET", path, headers: {} }, signal);
    await assert.rejects(get("/long"), failsWith("unexpected_page", /longer than 1048576 bytes/));
    await assert.rejects(get("//127.0.0.1:9/"), failsWith("unexpected_page", /leads away/));
  });

  it("is not lied to by a page that replaces the language's built-ins", async () => {
    const { page, signal } = bench;
    await page.goto("/hostile", signal);
    await page.setLocalStorage("k", "v");
    assert.equal(await page.text("#p"), "truth");
    assert.equal(await page.attribute("#p", "data-x"), "1");
    assert.equal(await page.localStorage("k"), "v");
    assert.equal(await page.text("#nothing"), undefined);
    const { status } = await page.fetch({ method: "GET", path: "/teapot", headers: {} }, signal);
    assert.equal(status, 418);
  });

  it("cuts what a page says", async () => {
    const { page, signal } = bench;
    await page.goto("/huge", signal);
    assert.equal((await page.text("#p"))?.length, 4096);
    await assert.rejects(
      page.waitForAny([{ text: "nothing of it" }], 100, signal),
      failsWith("unexpected_page", /titled "t+…"$/),
    );
  });

  it("tells an address that does not answer from a page that leads away", async () => {
    const { page, signal } = bench;
    await assert.rejects(
      page.goto("/away", signal),
      failsWith("unreachable", /could not be opened/),
    );
    await assert.rejects(
      page.goto("https://example.org/", signal),
      failsWith("unexpected_page", /leads away/),
    );
  });

  it("shows what it shows as a PNG", async () => {
    const { page, signal } = bench;
    await page.goto("/login", signal);
    const png = Buffer.from(await page.screenshot());
    assert.equal(png.subarray(1, 4).toString("latin1"), "PNG");
    assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [1000, 800]);
  });

  it("ends a wait when its signal says so", async () => {
    const { page, signal } = bench;
    await page.goto("/login", signal);
    const abort = new AbortController();
    const waiting = page.waitForAny([{ selector: "#nothing" }], 20_000, abort.signal);
    abort.abort(new RangeError("enough"));
    await assert.rejects(waiting, RangeError);
  });
});

/** Everything real: Chromium, the page, novncproxy with its database, and an Xvnc that wants a password. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import {
  builtPages,
  describeInBrowser,
  eventually,
  openWatchedPage,
  type WatchedPage,
} from "../helpers/browser.ts";
import { startProxyWorld, type ProxyWorld } from "../helpers/novncproxy-world.ts";
import { missingForVncServer, startVncServer, type VncServer } from "../helpers/vnc-servers.ts";
import { ConsolePageReader } from "./console-page.ts";
import { X11Window } from "./x11-window.ts";

const PASSWORD = "sesame12";
const PURPLE = 0x7a_1f_c2;
const SHOWN = "640x480 122,31,194";

describeInBrowser("console page on novncproxy and a real Xvnc with a password", (browser) => {
  let server: VncServer;
  let screen: X11Window;
  let world: ProxyWorld;
  let opened: WatchedPage[] = [];

  before(async function () {
    this.timeout(30_000);
    if (missingForVncServer("xvnc-vncauth").length > 0) this.skip();
    server = await startVncServer({ kind: "xvnc-vncauth", password: PASSWORD });
    assert.ok(server.display);
    screen = await X11Window.open(server.display, PURPLE);
    world = await startProxyWorld({ webFolder: builtPages() });
  });
  after(async () => {
    screen?.close();
    await world?.stop();
    await server?.stop();
  });
  afterEach(async () => {
    for (const { context } of opened) await context.close();
    opened = [];
    if (screen) screen.pressed.length = 0;
  });

  function link(at: ProxyWorld, node: string, token: string): string {
    const path = encodeURIComponent(`websockify?node=${node}&token=${token}`);
    return at.http(`/vnc_lite.html?path=${path}`);
  }

  async function open(url: string): Promise<WatchedPage & { console: ConsolePageReader }> {
    const watched = await openWatchedPage(browser());
    opened.push(watched);
    await watched.page.goto(url);
    return { ...watched, console: new ConsolePageReader(watched.page) };
  }

  async function openNode(
    options: { mode?: "control" | "view"; at?: ProxyWorld; password?: string } = {},
  ) {
    const { mode = "control", at = world, password = PASSWORD } = options;
    const node = await at.addNode({ port: server.port, password });
    const token = await at.authorize(node, { mode });
    return { node, token, ...(await open(link(at, node, token))) };
  }

  it("shows the machine's screen without a complaint, the token gone from the address bar", async () => {
    const { console, page, complaints, token } = await openNode();
    await console.waitForPicture(SHOWN);
    assert.equal(page.url(), world.http("/vnc_lite.html"));
    assert.equal((await page.content()).includes(token), false);
    assert.match((await page.locator("#node-name").textContent()) ?? "", /^node-[0-9a-f]{8}$/);
    assert.deepEqual(complaints, []);
  });

  it("never learns the password", async () => {
    const { console, page, context } = await openNode();
    await console.waitForPicture(SHOWN);
    const state = JSON.stringify(await context.storageState({ indexedDB: true }));
    const everything =
      (await page.content()) +
      state +
      (await page.evaluate<string>("JSON.stringify(sessionStorage)"));
    assert.equal(everything.includes(PASSWORD), false);
  });

  it("types on the machine", async () => {
    const { console, page } = await openNode();
    await console.waitForPicture(SHOWN);
    await page.keyboard.type("hello");
    await eventually(
      "keys at the X server",
      () => screen.pressed.length,
      (count) => count >= 5,
    );
    assert.equal(String.fromCharCode(...screen.pressed), "hello");
  });

  it("types nothing in a session that may only look", async () => {
    const viewing = await openNode({ mode: "view" });
    await viewing.console.waitForPicture(SHOWN);
    assert.equal(await viewing.page.getByText("View only").isVisible(), true);
    await viewing.page.keyboard.type("no");
    const { console, page } = await openNode();
    await console.waitForPicture(SHOWN);
    await page.keyboard.type("y");
    await eventually(
      "the key",
      () => screen.pressed.length,
      (count) => count > 0,
    );
    assert.equal(String.fromCharCode(...screen.pressed), "y");
  });

  it("saves a screenshot of the machine", async () => {
    const { console, page } = await openNode();
    await console.waitForPicture(SHOWN);
    const downloading = page.waitForEvent("download");
    await page.getByRole("button", { name: "Screenshot" }).click();
    const png = readFileSync(await (await downloading).path());
    assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [640, 480]);
  });

  it("says that an operator switched the console off", async () => {
    const { console, node } = await openNode();
    await console.waitForPhase("connected");
    await world.database.tokens.cleanForNode(node);
    await world.database.sessions.requestKillForNode(node, "console_disabled");
    await console.waitForPhase("closed", 4);
    assert.match(await console.cardText(), /^Closed because an operator switched this console off/);
  });

  it("comes back by itself when the console was restarted", async () => {
    const { console, node } = await openNode();
    await console.waitForPicture(SHOWN);
    await world.database.sessions.requestKillForNode(node, "console_restarted");
    await console.waitForPhase("waiting", 4);
    await console.waitForPhase("connected");
    await console.waitForPicture(SHOWN);
  });

  it("says that the link is not valid any more", async () => {
    const node = await world.addNode({ port: server.port, password: PASSWORD });
    const token = await world.authorize(node);
    await world.database.tokens.cleanForNode(node);
    const { console } = await open(link(world, node, token));
    await console.waitForPhase("closed");
    assert.match(await console.cardText(), /^This console link is not valid any more/);
  });

  it("says that signing in to the machine failed, and not how", async () => {
    const { console } = await openNode({ password: "outdated" });
    await console.waitForPhase("closed");
    assert.match(await console.cardText(), /^Signing in to the machine failed\nThe stored console/);
  });

  it("warns before an idle session is closed, and keeps it open", async () => {
    const impatient = await startProxyWorld({
      webFolder: builtPages(),
      config: { "vnc.idle_timeout": "6", "vnc.timeout_warning": "5" },
    });
    try {
      const { page } = await openNode({ at: impatient });
      const warning = page.getByRole("alert");
      await warning.waitFor({ state: "visible" });
      await page.getByRole("button", { name: "Keep open" }).click();
      await warning.waitFor({ state: "hidden" });
    } finally {
      await impatient.stop();
    }
  });
});

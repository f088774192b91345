/**
 * Consoles in a browser when something is killed or hangs: what is left of them on this machine and on the
 * BMC, and whether they work again without anybody doing anything.
 */
import assert from "node:assert/strict";
import { WebSocketRfb } from "../helpers/websocket-rfb.ts";
import { ilo } from "../helpers/bmc-web/vendors/ilo.ts";
import { BrowserStack, skipWithoutBrowsers, type BrowserNode } from "../helpers/browser-stack.ts";
import { until } from "../helpers/until.ts";

/** [browser]linger_seconds of the stack is 1; the proxy needs no time to notice. */
const LINGER_MILLISECONDS = 900;
/** The kernel ends a sandbox with its conductor at once; a busy machine needs a moment for it. */
const DEAD_MILLISECONDS = 5000;
/** With a logout from the BMC. */
const CLEAN_MILLISECONDS = 15_000;
/** From the conductor's command to a console that is restored. */
const RESTORED_MILLISECONDS = 30_000;

describe("the web console of a BMC after", function suite() {
  this.timeout(90_000);
  let stack: BrowserStack;
  let node: BrowserNode;
  const viewers: WebSocketRfb[] = [];

  before(async function start() {
    skipWithoutBrowsers(this);
    stack = await BrowserStack.start("apart", { "browser.start_timeout": "10" });
    node = await stack.addNode("crash", ilo(5));
    await stack.enable(node);
  });
  afterEach(async () => {
    for (const viewer of viewers.splice(0)) viewer.end();
    if (node) await stack.untilClean([node], CLEAN_MILLISECONDS);
  });
  after(async () => await stack?.stop());

  async function watch(): Promise<WebSocketRfb> {
    const viewer = new WebSocketRfb(await stack.webSocket(node.name));
    viewers.push(viewer);
    return viewer;
  }

  /** A picture, and a key that arrives. */
  async function works(): Promise<WebSocketRfb> {
    const viewer = await watch();
    await viewer.firstFrame();
    const before = node.web.bmc.counts.keys.length;
    viewer.typeKey(0x61);
    await until(() => node.web.bmc.counts.keys.length > before, "key in the machine");
    return viewer;
  }

  /** A failed start is not tried again at once. */
  async function isShown(): Promise<boolean> {
    const viewer = await watch();
    return await viewer.firstFrame().then(
      () => true,
      () => false,
    );
  }

  /** Works, and notes what runs for it. */
  async function running(): Promise<WebSocketRfb> {
    const viewer = await works();
    const programs = stack.sandboxPrograms().map(({ program }) => program);
    for (const program of ["bwrap", "chromium", "Xvnc", "openbox", "socat"])
      assert.ok(programs.includes(program), `${program} runs`);
    return viewer;
  }

  function kill(program: string): void {
    const found = stack.sandboxPrograms().find((one) => one.program === program);
    assert.ok(found, `${program} runs`);
    process.kill(found.pid, "SIGKILL");
  }

  /** @returns milliseconds that it took */
  async function cleanWithin(test: Mocha.Context, milliseconds: number): Promise<number> {
    const took = await stack.untilClean([node], milliseconds);
    test.test!.title += `: nothing left after ${(took / 1000).toFixed(1)} s`;
    return took;
  }

  it("its last viewer left", async function left() {
    const viewer = await running();
    viewer.end();
    const took = await cleanWithin(this, CLEAN_MILLISECONDS);
    assert.ok(took >= LINGER_MILLISECONDS, "the BMC's session waits for who comes back");
    assert.equal(node.web.bmc.counts.logouts, node.web.bmc.counts.logins);
  });

  for (const program of ["chromium", "Xvnc", "bwrap"])
    it(`kill -9 of ${program}`, async function one() {
      const viewer = await running();
      kill(program);
      await viewer.untilClosed();
      await cleanWithin(this, CLEAN_MILLISECONDS);
    });

  it("a page of the BMC that hangs", async function hang() {
    node.web.bmc.faults.hang = /^\/irc\.html/;
    await assert.rejects((await watch()).firstFrame(), /CONSOLE_PAGE_UNEXPECTED/);
    node.web.bmc.faults.hang = undefined;
    await cleanWithin(this, CLEAN_MILLISECONDS);
    await until(isShown, "console that works again", CLEAN_MILLISECONDS);
  });

  it("kill -9 of the conductor", async function conductor() {
    const viewer = await running();
    await stack.service.kill("conductor");
    const begun = performance.now();
    await until(() => stack.watch.alive().length === 0, "end of the sandbox", DEAD_MILLISECONDS);
    const dead = performance.now() - begun;
    await viewer.untilClosed();
    assert.equal(node.web.bmc.counts.sessions, 1, "nobody could log out");
    const restart = performance.now();
    await stack.service.run("conductor");
    await until(
      () => stack.remains([node]).length === 0,
      () => `clean start; there are: ${stack.remains([node]).join("; ")}`,
      RESTORED_MILLISECONDS,
    );
    const swept = performance.now() - restart;
    await restored();
    await works();
    this.test!.title += `: processes gone after ${(dead / 1000).toFixed(2)} s, folders and the BMC's session ${(swept / 1000).toFixed(1)} s after the restart's command`;
  });

  it("SIGTERM of the conductor, which logs out of the BMC", async function graceful() {
    const viewer = await running();
    const { logouts } = node.web.bmc.counts;
    const conductor = stack.service.services.get("conductor");
    conductor?.kill("SIGTERM");
    await viewer.untilClosed();
    assert.equal((await conductor?.end())?.status, 0);
    assert.deepEqual(stack.remains([node]), []);
    assert.equal(node.web.bmc.counts.logouts, logouts + 1);
    await stack.service.run("conductor");
    await restored();
    await works();
  });

  /** The conductor says so of its own accord. */
  async function restored(): Promise<void> {
    await stack.service.services
      .get("conductor")
      ?.untilSays(/console restored/, RESTORED_MILLISECONDS);
  }
});

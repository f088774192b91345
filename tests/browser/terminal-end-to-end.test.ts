/** The serial page on a real novncproxy with its database, and what stands before a machine's line. */
import assert from "node:assert/strict";
import type { Page, WebSocketRoute } from "playwright-core";
import { SerialFarSide } from "../fakes/serial-far-side.ts";
import {
  builtPages,
  describeInBrowser,
  eventually,
  openWatchedPage,
  type WatchedPage,
} from "../helpers/browser.ts";
import { startProxyWorld, type ProxyWorld } from "../helpers/novncproxy-world.ts";
import { TerminalReader } from "./on-serial-service.ts";

interface OpenOptions {
  readonly user?: string;
  readonly mode?: "control" | "view";
  /** Before the page is loaded. */
  readonly prepare?: (page: Page) => Promise<void>;
}

describeInBrowser("serial page on novncproxy", (browser) => {
  let machine: SerialFarSide;
  let world: ProxyWorld;
  let opened: WatchedPage[] = [];

  async function start(config: Record<string, string> = {}): Promise<string> {
    machine = await SerialFarSide.start({ echo: true });
    world = await startProxyWorld({ webFolder: builtPages(), config });
    return await world.addNode({
      transport: machine.transport,
      serial: { dialect: "ipmitool", hold: "on-demand" },
    });
  }
  afterEach(async () => {
    for (const { context } of opened) await context.close();
    opened = [];
    await world?.stop();
    await machine?.stop();
  });

  async function open(
    node: string,
    { user = "alice", mode = "control", prepare }: OpenOptions = {},
  ): Promise<WatchedPage & { terminal: TerminalReader }> {
    const token = await world.authorize(node, { mode, consoleType: "serial", userId: user });
    const path = encodeURIComponent(`websockify?node=${node}&token=${token}`);
    const watched = await openWatchedPage(browser());
    opened.push(watched);
    await prepare?.(watched.page);
    await watched.page.goto(world.http(`/serial.html?path=${path}`));
    const terminal = new TerminalReader(watched.page);
    await terminal.waitForPhase("connected");
    await eventually(
      "the line is open",
      () => watched.page.locator("#app").getAttribute("data-line"),
      (state) => state === "connected",
    );
    return { ...watched, terminal };
  }

  it("types to the machine, shows its answer, and complains about nothing", async function () {
    this.timeout(30_000);
    const node = await start();
    const { page, terminal, complaints } = await open(node);
    await page.keyboard.type("hello there");
    await terminal.waitForText("hello there");
    assert.equal(machine.typed, "hello there");
    machine.say("\r\nnode-7 login: ");
    await terminal.waitForText("node-7 login:");
    await page.getByRole("button", { name: "Break" }).click();
    await page.getByRole("button", { name: "Send break" }).click();
    await eventually(
      "break",
      () => machine.breaks,
      (count) => count === 1,
    );
    assert.deepEqual(complaints, []);
  });

  it("gives a second person the scrollback, one of them the keys, and names to both", async function () {
    this.timeout(30_000);
    const node = await start({ "console.writers": "one" });
    const alice = await open(node, { user: "alice" });
    machine.say("said before bob came\r\n");
    await alice.terminal.waitForText("said before");
    const bob = await open(node, { user: "bob" });
    await bob.terminal.waitForText("said before bob came");
    await bob.terminal.waitForTextOf("#viewers-sentence", /^2 attached: alice types, you watch$/);
    await bob.page.keyboard.type("x");
    await bob.page.locator("#note").getByRole("button", { name: "Take over typing" }).click();
    await alice.terminal.waitForTextOf("#viewers-sentence", /^2 attached: bob types, you watch$/);
    await bob.page.keyboard.type("from bob");
    await alice.terminal.waitForText("from bob");
    assert.equal(machine.typed, "from bob");
  });

  it("watches only with a link that says so", async function () {
    this.timeout(30_000);
    const node = await start();
    const { page, terminal } = await open(node, { mode: "view" });
    await page.keyboard.type("secret");
    await terminal.waitForTextOf("#note", /^View only/);
    machine.say("still shown");
    await terminal.waitForText("still shown");
    assert.equal(machine.typed, "");
  });

  it("says that the line was lost, and goes on when it is back", async function () {
    this.timeout(30_000);
    const node = await start();
    const { page, terminal } = await open(node);
    machine.say("before\r\n");
    await terminal.waitForText("before");
    machine.hangUp();
    await terminal.waitForTextOf("#line", /being opened again/);
    await eventually(
      "the line is back",
      () => page.locator("#app").getAttribute("data-line"),
      (state) => state === "connected",
      20,
    );
    await page.keyboard.type("after");
    await terminal.waitForText("after");
  });

  it("comes back to the same text after its connection broke, no byte twice", async function () {
    this.timeout(30_000);
    const node = await start({ "console.replay_lines": "100" });
    const keeping = await open(node, { user: "keeper" });
    const connections: WebSocketRoute[] = [];
    const { terminal } = await open(node, {
      prepare: (page) =>
        page.routeWebSocket(/websockify/, (socket) => {
          socket.connectToServer();
          connections.push(socket);
        }),
    });
    const boot = Array.from({ length: 50 }, (_, at) => `[${at}] starting unit ${at}\r\n`).join("");
    machine.say(boot);
    await terminal.waitForText("unit 49");
    await connections[0]?.close({ code: 1012, reason: "proxy_shutdown" });
    machine.say("said meanwhile\r\n");
    await keeping.terminal.waitForText("said meanwhile");
    await eventually(
      "second connection",
      () => connections.length,
      (count) => count === 2,
    );
    await terminal.waitForText("said meanwhile");
    machine.say("and on\r\n");
    await terminal.waitForText("and on");
    const wanted = `${boot}said meanwhile\r\nand on\r\n`.replaceAll("\r", "");
    assert.equal((await terminal.saved()).text, wanted);
  });

  it("pastes 20 kB whole through the escapes of the line", async function () {
    this.timeout(30_000);
    const node = await start();
    const { page, terminal } = await open(node);
    await page.getByRole("button", { name: "Paste", exact: true }).click();
    await page.getByLabel("Characters a second").fill("10000");
    await page.keyboard.press("Escape");
    const text = `${Array.from({ length: 400 }, (_, at) => `~.line ${at} `.padEnd(49, "~x")).join("\n")}\n`;
    await terminal.paste(text);
    await page.getByRole("dialog").getByRole("button", { name: "Paste", exact: true }).click();
    await eventually(
      "all",
      () => machine.typed.length,
      (length) => length >= text.length,
      20,
    );
    assert.equal(machine.typed, text.replaceAll("\n", "\r"));
    assert.equal(machine.terminated, 0);
  });

  it("says why an operator ended it", async function () {
    this.timeout(30_000);
    const node = await start();
    const { page, terminal } = await open(node);
    await world.database.nodes.update(node, { consoleEnabled: false });
    await terminal.waitForPhase("closed", 15);
    const words = await page.locator("#card").innerText();
    assert.match(words, /^Closed because an operator switched this console off/);
  });
});

/** Services that are killed with kill -9 while people watch a serial line through them. */
import assert from "node:assert/strict";
import { loadConfig } from "../../common/config/load.ts";
import { silentLogger } from "../../common/log.ts";
import { RpcClient } from "../../conductor/rpc-client.ts";
import { openDatabase } from "../../db/connect.ts";
import type { Conductor } from "../../db/database.ts";
import { databaseOptions } from "../helpers/database.ts";
import { missingForIpmiBmc, startIpmiBmc, type IpmiBmc } from "../helpers/ipmi-bmc.ts";
import { ipmitoolsTo, SerialStack } from "../helpers/serial-stack.ts";
import { until } from "../helpers/until.ts";
import { TerminalProcess } from "./cli/pseudo-terminal.ts";
import { CONTEXT } from "./conductor-processes.ts";
import { inSeconds, SerialScene } from "./serial-scene.ts";

describe("the serial line after kill -9 of", function suite() {
  this.timeout(60_000);
  let stack: SerialStack;
  let bmc: IpmiBmc;
  let scene: SerialScene;

  before(async function start() {
    if (missingForIpmiBmc().length > 0) this.skip();
    bmc = await startIpmiBmc({ name: "c1" });
    stack = await SerialStack.apart({ "console.log": "true" });
    await bmc.waitLine();
  });
  after(async () => {
    await stack?.stop();
    await bmc?.stop();
  });
  beforeEach(async () => {
    scene = new SerialScene(stack, "c1", bmc);
    await scene.begin();
  });

  /* First: who comes after a console was switched off gets nothing of what was said until some seconds after that. */
  it("the proxy works again with the same link, and what was said before is there", async function proxy() {
    const { watcher } = scene;
    bmc.say("\r\nsaid before the crash\r\n");
    await watcher.shows("said before the crash");
    await until(() => stack.logText("c1").includes("said before the crash"), "the log's line");
    await stack.kill("novncproxy");
    assert.equal((await watcher.closed).code, 1006);
    const begin = performance.now();
    await stack.run("novncproxy");
    const again = await scene.watchAgain();
    await again.shows("said before the crash");
    await scene.answers();
    this.test!.title += `: ${inSeconds(performance.now() - begin)} from its command`;
    await scene.finish();
  });

  it("the conductor works on, is taken over by the next one, and can be switched off", async function conductor() {
    const { watcher, socat, ipmitool } = scene;
    await stack.kill("conductor");
    await scene.answers();
    const begin = performance.now();
    const next = await stack.run("conductor");
    await next.untilSays(/console restored .*outcome=running/);
    this.test!.title += `: adopted after ${inSeconds(performance.now() - begin)}`;
    await scene.answers();
    assert.deepEqual([scene.socat, scene.ipmitool], [socat, ipmitool]);
    assert.deepEqual(watcher.story.slice(-1), ["connected"]);
    assert.equal(watcher.story.filter((one) => one === "connected").length, 1);
    await scene.finish();
  });

  it("the conductor while socat is killed too works again after the next one's start", async function both() {
    const { watcher, socat } = scene;
    await stack.kill("conductor");
    process.kill(socat, "SIGKILL");
    process.kill(scene.ipmitool, "SIGKILL");
    await watcher.saw(/^reconnecting/);
    const begin = performance.now();
    await stack.run("conductor");
    await scene.answers();
    this.test!.title += `: ${inSeconds(performance.now() - begin)} from its command`;
    await scene.finish();
  });

  it("the conductor in the middle of a start is started by the next one, with nothing left over", async function start() {
    await scene.finish();
    bmc.freeze();
    await stack.setConsole("c1", true);
    await until(() => ipmitoolsTo(bmc).length > 0, "question to the BMC");
    await stack.kill("conductor");
    bmc.thaw();
    const begin = performance.now();
    await stack.run("conductor");
    await until(async () => (await scene.row())["console_enabled"] === true, "console on", 30_000);
    await scene.begin();
    this.test!.title += `: ${inSeconds(performance.now() - begin)} from its command`;
    await scene.finish();
    await until(() => ipmitoolsTo(bmc).length === 0, "end of every ipmitool", 10_000);
  });

  it("the conductor in the middle of a stop is stopped by the next one", async () => {
    bmc.freeze();
    await stack.setConsole("c1", false);
    assert.equal((await scene.watcher.closed).reason, "console_disabled");
    await stack.kill("conductor");
    bmc.thaw();
    await stack.run("conductor");
    await until(
      async () => (await scene.row())["console_enabled"] === false,
      "console off",
      30_000,
    );
    await until(async () => (await scene.row())["reservation"] === null, "free node", 30_000);
    await scene.finish();
  });

  it("the proxy shows a shell that is attached what happens, and lets it type on", async function attached() {
    const terminal = new TerminalProcess(["console", "attach", "c1"], { BMCON_URL: stack.api });
    try {
      await terminal.untilShows("connected to the machine");
      await stack.kill("novncproxy");
      await terminal.untilShows("the connection was lost");
      const begin = performance.now();
      await stack.run("novncproxy");
      const tries = setInterval(() => terminal.type("\rback again\rwhoami\r"), 500);
      await terminal
        .untilShows("back again", 30_000)
        .then(() => terminal.untilShows("root@c1"))
        .finally(() => clearInterval(tries));
      this.test!.title += `: ${inSeconds(performance.now() - begin)} from its command`;
      terminal.type("\r~.");
      assert.deepEqual(await terminal.end(), { status: 0, signal: null, restored: true });
    } finally {
      await terminal.stop();
    }
    await stack.disableClean("c1", bmc);
  });

  it("all three works again after their start, and can be switched off", async function all() {
    const { socat, watcher } = scene;
    for (const name of ["novncproxy", "conductor", "api"]) await stack.kill(name);
    await watcher.closed;
    const begin = performance.now();
    await stack.runAll();
    assert.equal(scene.socat, socat);
    await scene.watchAgain();
    await scene.answers();
    this.test!.title += `: ${inSeconds(performance.now() - begin)} from their command`;
    await scene.finish();
  });
});

describe("two conductors", function suite() {
  this.timeout(60_000);
  let stack: SerialStack;
  let bmc: IpmiBmc;

  before(async function start() {
    if (missingForIpmiBmc().length > 0) this.skip();
    bmc = await startIpmiBmc({ name: "c2" });
    stack = await SerialStack.apart();
    await bmc.waitLine();
  });
  after(async () => {
    await stack?.stop();
    await bmc?.stop();
  });

  it("that are told to start a console in the same moment start one socat", async () => {
    const scene = new SerialScene(stack, "c2", bmc);
    await stack.addNode("c2", bmc);
    await stack.run("conductor", { "DEFAULT.host": "second" }, "second");
    const options = { "DEFAULT.state_path": stack.folder };
    const config = loadConfig({ overrides: options });
    const database = await openDatabase(databaseOptions(`sqlite://${stack.database}`));
    const clients: RpcClient[] = [];
    try {
      const alive = await database.conductors.listAlive(60);
      assert.equal(alive.length, 2);
      const ends = await Promise.allSettled(
        alive.map((one) => {
          const client = new RpcClient({ config, database: seeing(one), log: silentLogger() });
          clients.push(client);
          return client.verbs().setConsoleMode(CONTEXT, stack.uuid("c2"), true);
        }),
      );
      assert.ok(ends.some(({ status }) => status === "fulfilled"));
      await until(
        async () => (await scene.row())["console_enabled"] === true,
        "console on",
        15_000,
      );
      await scene.begin();
      assert.deepEqual(
        stack
          .processes("c2")
          .map(({ program }) => program)
          .toSorted(),
        ["ipmitool", "socat", "socat"],
      );
      await scene.finish();
    } finally {
      for (const client of clients) await client.stop();
      await database.close();
      await stack.kill("second");
    }

    /** The database as if there were this conductor only. */
    function seeing(one: Conductor): ConstructorParameters<typeof RpcClient>[0]["database"] {
      const conductors = Object.create(database.conductors) as typeof database.conductors;
      conductors.listAlive = () => Promise.resolve([one]);
      return { nodes: database.nodes, conductors };
    }
  });
});

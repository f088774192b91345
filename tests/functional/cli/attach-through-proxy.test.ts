/** `console attach` through the running service and its proxy, to a machine on a real TCP line. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CliProcess, runCli } from "../../helpers/cli-process.ts";
import { TerminalProcess } from "./pseudo-terminal.ts";

describe("bmcon console attach, through the proxy", function () {
  this.timeout(60_000);
  let folder: string;
  let service: CliProcess;
  let env: Record<string, string>;
  let machine: Server;
  const lines = new Set<Socket>();
  const terminals: TerminalProcess[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "bmc-attach-"));
    machine = createServer((line) => {
      lines.add(line);
      line.on("close", () => lines.delete(line));
      line.on("error", () => line.destroy());
      line.on("data", (keys) => line.write(`<${keys.toString()}>`));
      line.write("login: ");
    }).listen(0, "127.0.0.1");
    await once(machine, "listening");
    const url = await startService("0", "0");
    env = { BMCON_URL: url };
    const { port } = machine.address() as AddressInfo;
    await ok(
      "node",
      "create",
      "--driver=manual-management",
      "--name=n1",
      "--console-interface=tcp-serial",
      "--driver-info=serial_address=127.0.0.1",
      `--driver-info=serial_port=${port}`,
    );
    await ok("console", "enable", "n1");
  });

  /** @returns the api's URL */
  async function startService(apiPort: string, proxyPort: string): Promise<string> {
    service = new CliProcess(["all", "--data-dir", folder], {
      OS_API__PORT: apiPort,
      OS_VNC__PORT: proxyPort,
      OS_DEFAULT__ENABLED_HARDWARE_TYPES: "manual-management",
      OS_DEFAULT__ENABLED_CONSOLE_INTERFACES: "tcp-serial,no-console",
      OS_DEFAULT__ENABLED_POWER_INTERFACES: "no-power",
      OS_DEFAULT__ENABLED_MANAGEMENT_INTERFACES: "noop",
    });
    return (await service.untilSays(/started .*api=(http:\S+)/))[1] ?? "";
  }

  afterEach(() => Promise.all(terminals.splice(0).map((terminal) => terminal.stop())));

  after(async () => {
    service.kill("SIGTERM");
    await service.end();
    for (const line of lines) line.destroy();
    machine.close();
    await rm(folder, { recursive: true });
  });

  async function ok(...args: string[]): Promise<string> {
    const end = await runCli(args, { env });
    assert.equal(end.status, 0, `${args.join(" ")}: ${end.stderr}`);
    return end.stdout;
  }

  async function attached(...args: string[]): Promise<TerminalProcess> {
    const terminal = new TerminalProcess(["console", "attach", "n1", ...args], env);
    terminals.push(terminal);
    await terminal.untilShows("connected to the machine");
    return terminal;
  }

  it("types into the machine, shows its answer, and is a session until it detaches", async () => {
    const terminal = await attached();
    terminal.type("a\u0003");
    await terminal.untilShows("<a\u0003>");
    const sessions = JSON.parse(await ok("session", "list", "--node", "n1", "--json")) as unknown[];
    assert.equal(sessions.length, 1);
    terminal.type("\r~.");
    assert.deepEqual(await terminal.end(), { status: 0, signal: null, restored: true });
  });

  it("shows what the machine said before, and what others type; a watcher's keys go nowhere", async () => {
    const [writer, watcher] = [await attached(), await attached("--view")];
    await watcher.untilShows("login: ");
    watcher.type("w");
    writer.type("b");
    await watcher.untilShows("<b>");
    assert.ok(!writer.screen.includes("<w>"));
    writer.type("~W");
    writer.type("\r~W");
    await writer.untilShows("view only");
    for (const terminal of [writer, watcher]) {
      terminal.type("\r~.");
      assert.deepEqual(await terminal.end(), { status: 0, signal: null, restored: true });
    }
  });

  it("works in a pipe", async () => {
    const end = await runCli(["console", "attach", "n1"], { env, stdin: "id\n" });
    assert.deepEqual([end.status, end.stdout, end.stderr], [0, "<id\r>", ""]);
  });

  it("is ended in words by an operator", async () => {
    const terminal = await attached();
    const [session] = JSON.parse(await ok("session", "list", "--json")) as { id: string }[];
    await ok("session", "kill", session?.id ?? "");
    assert.deepEqual(await terminal.end(), { status: 1, signal: null, restored: true });
    assert.match(terminal.screen, /an operator ended this session/);
  });

  it("comes back after the whole service was restarted", async () => {
    const terminal = await attached();
    const proxyUrl = (await service.untilSays(/novncproxy is ready .*url=(\S+)/))[1] ?? "";
    service.kill("SIGTERM");
    assert.equal((await service.end()).status, 0, service.stderr);
    await terminal.untilShows("connecting again");
    await startService(new URL(env["BMCON_URL"] ?? "").port, new URL(proxyUrl).port);
    await terminal.untilShows("connected to the machine", 40_000);
    terminal.type("back");
    await terminal.untilShows("<");
    await terminal.untilShows("k>");
    terminal.type("\r~.");
    assert.deepEqual(await terminal.end(), { status: 0, signal: null, restored: true });
  });

  it("ends when the console is disabled, and says how to switch it on again", async () => {
    const terminal = await attached();
    await ok("console", "disable", "n1");
    assert.equal((await terminal.end()).status, 1);
    assert.match(terminal.screen, /switched this console off/);
    const end = await runCli(["console", "attach", "n1"], { env });
    assert.equal(end.status, 2);
    assert.match(end.stderr, /bmcon console enable n1/);
    await ok("console", "enable", "n1");
  });
});

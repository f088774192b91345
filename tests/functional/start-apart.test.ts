/** The three services as processes of their own, as in production, and their ways of ending. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startVncServer, type VncServer } from "../../cli/demo/vnc-server.ts";
import { systemClock } from "../../common/clock.ts";
import { Secret } from "../../common/secret.ts";
import { CliProcess, runCli } from "../helpers/cli-process.ts";
import { openConsole } from "../helpers/console-link.ts";

const PASSWORD = "apartpwd";

describe("api, conductor and novncproxy apart", function () {
  this.timeout(60_000);
  let folder: string;
  let running: CliProcess[];
  let bmc: VncServer;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "bmc-apart-"));
    bmc = await startVncServer({ port: 0, password: new Secret(PASSWORD), clock: systemClock });
    running = [];
  });

  afterEach(async () => {
    for (const program of running) program.kill("SIGKILL");
    for (const program of running) await program.end();
    await bmc.stop();
    await rm(folder, { recursive: true });
  });

  function start(service: string, ...options: string[]): CliProcess {
    const program = new CliProcess([
      service,
      "--data-dir",
      folder,
      ...options.flatMap((option) => ["-o", option]),
    ]);
    running.push(program);
    return program;
  }

  async function startConductor(proxyPort: number): Promise<CliProcess> {
    const publicUrl = `vnc.public_url=http://127.0.0.1:${proxyPort}/vnc_lite.html`;
    const conductor = start("conductor", "json_rpc.port=0", publicUrl);
    await conductor.untilSays(/conductor started/);
    return conductor;
  }

  it("work together through the database and RPC, and each ends by itself", async () => {
    const upgraded = await runCli(["db", "upgrade", "--data-dir", folder]);
    assert.equal(upgraded.status, 0, upgraded.stderr);
    const port = await freePort();
    const proxy = start("novncproxy", `vnc.port=${port}`);
    await proxy.untilSays(/novncproxy is ready/);
    const conductor = await startConductor(port);
    const api = start("api", "api.port=0");
    const url = (await api.untilSays(/api listens +url=(http:\S+)/))[1] ?? "";
    const env = { OS_ENDPOINT: url };

    const create = ["node", "create", "--driver", "fake-hardware", "--name", "n1"];
    const access = { vnc_address: "127.0.0.1", vnc_port: String(bmc.port), vnc_password: PASSWORD };
    const options = Object.entries(access).flatMap(([key, value]) => [
      "--driver-info",
      `${key}=${value}`,
    ]);
    const created = await runCli([...create, "--console-interface", "vnc", ...options], { env });
    assert.equal(created.status, 0, created.stderr);
    const enabled = await runCli(["console", "enable", "n1"], { env });
    assert.equal(enabled.status, 0, enabled.stderr);
    const shown = await runCli(["console", "show", "n1", "--json"], { env });
    const info = JSON.parse(shown.stdout) as { console_info: { url: string } };
    const console = await openConsole(info.console_info.url);
    assert.equal(console.name, "demo-server");

    /* A conductor that goes away leaves running sessions alone. */
    conductor.kill("SIGTERM");
    assert.deepEqual(await conductor.end(), { status: 0, signal: null }, conductor.stderr);
    assert.equal(await console.firstUpdateType(), 0);
    const without = await runCli(["console", "disable", "n1"], { env });
    assert.equal(without.status, 7, without.stderr);

    await startConductor(port);
    const disabled = await runCli(["console", "disable", "n1"], { env });
    assert.equal(disabled.status, 0, disabled.stderr);
    assert.equal((await console.closed()).reason, "console_disabled");
    for (const program of [api, proxy]) {
      program.kill("SIGTERM");
      assert.deepEqual(await program.end(), { status: 0, signal: null }, program.stderr);
    }
  });

  it("refuse rpc_transport none", async () => {
    for (const service of ["api", "conductor"]) {
      const program = start(service, "DEFAULT.rpc_transport=none");
      assert.equal((await program.end()).status, 78, program.stderr);
      assert.match(program.stderr, /rpc_transport none is for "baremetal-console all"/);
    }
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The client commands as a user types them, against the running service. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startVncServer, type VncServer } from "../../cli/demo/vnc-server.ts";
import { systemClock } from "../../common/clock.ts";
import { Secret } from "../../common/secret.ts";
import { CliProcess, runCli } from "../helpers/cli-process.ts";
import { openConsole } from "../helpers/console-link.ts";

const PASSWORD = "b1tt3rsw";

describe("bmcon", function () {
  this.timeout(60_000);
  let folder: string;
  let service: CliProcess;
  let bmc: VncServer;
  let env: Record<string, string>;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "bmc-cli-"));
    bmc = await startVncServer({ port: 0, password: new Secret(PASSWORD), clock: systemClock });
    service = new CliProcess(["all", "--data-dir", folder], {
      OS_API__PORT: "0",
      OS_VNC__PORT: "0",
    });
    const url = (await service.untilSays(/started .*api=(http:\S+)/))[1] ?? "";
    env = { OS_ENDPOINT: url };
  });

  after(async () => {
    service.kill("SIGTERM");
    const end = await service.end();
    await bmc.stop();
    await rm(folder, { recursive: true });
    assert.deepEqual(end, { status: 0, signal: null }, service.stderr);
  });

  afterEach(async () => {
    const left = (await json("node", "list", "--fields", "name")) as unknown as { name: string }[];
    if (left.length > 0) await ok("node", "delete", ...left.map((node) => node.name));
  });

  async function ok(...args: string[]): Promise<string> {
    const end = await runCli(args, { env });
    assert.equal(end.status, 0, `${args.join(" ")}: ${end.stderr}`);
    return end.stdout;
  }

  async function json(...args: string[]): Promise<Record<string, unknown>> {
    return JSON.parse(await ok(...args, "--json")) as Record<string, unknown>;
  }

  async function fails(status: number, message: RegExp, ...args: string[]): Promise<void> {
    const end = await runCli(args, { env });
    assert.equal(end.status, status, `${args.join(" ")}: ${end.stdout}${end.stderr}`);
    assert.match(end.stderr, message);
    assert.doesNotMatch(end.stderr, /^\s+at /m);
  }

  it("takes a machine from enrolment to its screen and away again", async () => {
    const secretFile = join(folder, "vnc-password");
    await writeFile(secretFile, `${PASSWORD}\n`);
    const created = await json(
      "node",
      "create",
      "--driver",
      "fake-hardware",
      "--name",
      "bm-1",
      "--console-interface",
      "vnc",
      "--driver-info",
      "vnc_address=127.0.0.1",
      "--driver-info",
      `vnc_port=${bmc.port}`,
      "--driver-info",
      `vnc_password=@${secretFile}`,
      "--extra",
      "rack=r1",
    );
    assert.equal(created["name"], "bm-1");
    assert.deepEqual(created["driver_info"], {
      vnc_address: "127.0.0.1",
      vnc_port: bmc.port,
      vnc_password: "******",
    });
    assert.match(await ok("node", "validate", "bm-1"), /^console +true/m);

    assert.match((await runCli(["console", "enable", "bm-1"], { env })).stderr, /is enabled\n$/);
    const shown = await json("console", "show", "bm-1");
    assert.equal(shown["console_enabled"], true);
    const { url } = shown["console_info"] as { url: string };
    const console = await openConsole(url);
    assert.equal(console.name, "demo-server");

    const sessions = (await json("session", "list", "--node", "bm-1")) as unknown as {
      id: string;
      source_address: string;
    }[];
    assert.equal(sessions.length, 1);
    assert.equal(sessions[0]?.source_address, "127.0.0.1");
    await ok("session", "kill", sessions[0]?.id ?? "");
    assert.deepEqual(await console.closed(), { code: 1008, reason: "killed_by_operator" });

    const again = await json("console", "show", "bm-1");
    const second = await openConsole((again["console_info"] as { url: string }).url);
    await ok("console", "disable", "bm-1");
    assert.equal((await second.closed()).reason, "console_disabled");
    assert.equal((await json("console", "show", "bm-1"))["console_enabled"], false);
    await ok("node", "delete", "bm-1");
    await fails(5, /bm-1/, "node", "show", "bm-1");
  });

  it("changes fields of a node and empties them", async () => {
    await ok("node", "create", "--driver", "fake-hardware", "--name", "bm-2");
    await ok("node", "set", "bm-2", "--description", "a b", "--extra", "slots=[1,2]");
    const changed = await json("node", "show", "bm-2");
    assert.deepEqual([changed["description"], changed["extra"]], ["a b", { slots: [1, 2] }]);
    await ok("node", "unset", "bm-2", "--description", "--extra", "slots");
    const emptied = await json("node", "show", "bm-2");
    assert.deepEqual([emptied["description"], emptied["extra"]], [null, {}]);
    await ok("node", "power", "bm-2", "on");
  });

  it("lists nodes and hardware types as a table and as JSON", async () => {
    for (const name of ["bm-3", "bm-4"])
      await ok("node", "create", "--driver", "fake-hardware", "--name", name);
    const table = await ok("node", "list", "--fields", "name,driver");
    assert.equal(table, "name  driver\nbm-3  fake-hardware\nbm-4  fake-hardware\n");
    assert.deepEqual(await json("node", "list", "--fields", "name"), [
      { name: "bm-3" },
      { name: "bm-4" },
    ]);
    assert.match(await ok("driver", "list"), /^idrac +idrac-vnc/m);
  });

  it("says the node's last_error when a console does not start", async () => {
    const closed = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => closed.once("listening", resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    await ok(
      "node",
      "create",
      "--driver",
      "fake-hardware",
      "--name",
      "bm-5",
      "--console-interface",
      "vnc",
      "--driver-info",
      "vnc_address=127.0.0.1",
      "--driver-info",
      `vnc_port=${port}`,
    );
    await fails(8, new RegExp(`127\\.0\\.0\\.1:${port}`), "console", "enable", "bm-5");
    await fails(2, /not enabled/, "console", "open", "bm-5");
  });

  it("tells kinds of failure apart by its exit status", async () => {
    await fails(5, /nosuch/, "node", "show", "nosuch");
    await fails(5, /could not be found/, "session", "kill", "1a5bb2bc-1df4-4a7b-8b5c-1e7f0c3f0d11");
    await fails(2, /driver\(s\) or hardware type/, "node", "create", "--driver", "nosuch").catch(
      () => fails(2, /nosuch/, "node", "create", "--driver", "nosuch"),
    );
    await fails(2, /unknown option '--nope'/, "node", "list", "--nope");
    await fails(2, /missing required argument 'node'/, "node", "show");
    await fails(2, /too many arguments/, "node", "list", "extra");
    await fails(2, /no power state; there are on, off/, "node", "power", "x", "sideways");
    await fails(2, /nothing to change/, "node", "set", "x");
    await fails(2, /whole seconds/, "console", "enable", "x", "--timeout", "soon");
    await fails(3, /cannot reach the service/, "node", "list", "--url", "http://127.0.0.1:1");
    await fails(2, /no URL of a service/, "node", "list", "--url", "ftp://x");
  });

  it("does not repeat a password that was put into the URL", async () => {
    const end = await runCli(["node", "list", "--url", "http://me:calvin@127.0.0.1:1"], { env });
    assert.equal(end.status, 2);
    assert.doesNotMatch(end.stderr, /calvin/);
  });

  it("names something that is no Bare Metal API", async () => {
    const stranger = createServer((socket) => {
      socket.write("SSH-2.0-x\r\n");
      socket.destroySoon();
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => stranger.once("listening", resolve));
    const { port } = stranger.address() as AddressInfo;
    try {
      await fails(
        3,
        /cannot reach the service/,
        "node",
        "list",
        "--url",
        `http://127.0.0.1:${port}`,
      );
    } finally {
      stranger.close();
    }
  });
});

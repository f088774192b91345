/** The quick start as a user meets it: the built program, a data folder, a browser's WebSocket. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { request } from "undici";
import { CliProcess, runCli } from "../helpers/cli-process.ts";
import { openConsole } from "../helpers/console-link.ts";

const CONSOLE_URL = /^ {2}(http:\S+vnc_lite\.html\?path=websockify%3F\S+)$/m;
const API_URL = /started .*api=(http:\S+)/;
const FREE_PORTS = { OS_API__PORT: "0", OS_VNC__PORT: "0" };

describe("baremetal-console all", function () {
  this.timeout(60_000);
  let folder: string;
  let running: CliProcess[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "bmc-start-"));
    running = [];
  });

  afterEach(async () => {
    for (const program of running) program.kill("SIGKILL");
    for (const program of running) await program.end();
    await rm(folder, { recursive: true, force: true });
  });

  function start(...args: string[]): CliProcess {
    const program = new CliProcess(["all", "--data-dir", folder, ...args], FREE_PORTS);
    running.push(program);
    return program;
  }

  async function startDemo(): Promise<{ program: CliProcess; url: string; api: string }> {
    const program = start("--demo");
    const url = (await program.untilSays(CONSOLE_URL))[1] ?? "";
    const api = (await program.untilSays(API_URL))[1] ?? "";
    await program.untilSays(/Ctrl-C stops everything/);
    return { program, url, api };
  }

  async function nodeNames(api: string): Promise<string[]> {
    const { body } = await request(`${api}/v1/nodes?fields=name`, {
      headers: { "x-openstack-ironic-api-version": "1.82" },
    });
    const { nodes } = (await body.json()) as { nodes: { name: string }[] };
    return nodes.map((node) => node.name).sort();
  }

  async function interrupt(program: CliProcess): Promise<void> {
    program.kill("SIGINT");
    const end = await program.end();
    assert.deepEqual(end, { status: 0, signal: null }, program.stderr);
  }

  it("prints a console URL that shows the demo machine's screen, and stops at Ctrl-C", async () => {
    const { program, url } = await startDemo();
    const page = await request(url);
    assert.equal(page.statusCode, 200);
    assert.match(String(page.headers["content-type"]), /^text\/html/);
    await page.body.dump();

    const console = await openConsole(url);
    assert.deepEqual(
      { name: console.name, width: console.width, height: console.height },
      { name: "demo-server", width: 960, height: 540 },
    );
    assert.equal(await console.firstUpdateType(), 0);
    await interrupt(program);
    assert.equal((await console.closed()).reason, "proxy_shutdown");
  });

  it("tells the commands to try next, and they work", async () => {
    const { program, api } = await startDemo();
    const commands = [...program.stdout.matchAll(/^ {2}npx bmcon (.+)$/gm)].map((match) =>
      (match[1] ?? "").split(" "),
    );
    assert.equal(commands.length, 5);
    const ends = [];
    for (const command of commands) ends.push(await runCli(command));
    assert.deepEqual(
      ends.map((end) => end.status),
      [0, 0, 0, 0, 0],
      ends.map((end) => end.stderr).join(""),
    );
    assert.match(ends[0]?.stdout ?? "", /demo-server +fake-hardware/);
    assert.match(ends[1]?.stdout ?? "", /^url +http:\S+token%3D[\w-]{43}$/m);
    assert.ok(
      ends[2]?.stdout.includes("\u001b[K"),
      "what the machine says while it boots, or its prompt",
    );
    assert.match(ends[3]?.stdout ?? "", /CPU1 Temp +temperature/);
    assert.match(ends[4]?.stderr ?? "", /the console of demo-server is disabled/);
    const shown = await runCli(["console", "show", "demo-server", "--json", "--url", api]);
    assert.equal((JSON.parse(shown.stdout) as { console_enabled: boolean }).console_enabled, false);
    await interrupt(program);
  });

  it("finds its data again at the second start", async () => {
    const first = await startDemo();
    await runCli([
      "node",
      "create",
      "--driver",
      "fake-hardware",
      "--name",
      "mine",
      "--url",
      first.api,
    ]);
    await interrupt(first.program);
    const second = await startDemo();
    assert.deepEqual(await nodeNames(second.api), [
      "demo-serial",
      "demo-server",
      "demo-spare",
      "mine",
    ]);
    assert.equal((await openConsole(second.url)).name, "demo-server");
    await interrupt(second.program);
  });

  it("heals after kill -9", async () => {
    const first = await startDemo();
    const console = await openConsole(first.url);
    first.program.kill("SIGKILL");
    assert.equal((await first.program.end()).signal, "SIGKILL");
    await console.closed();
    const second = await startDemo();
    assert.deepEqual(await nodeNames(second.api), ["demo-serial", "demo-server", "demo-spare"]);
    assert.equal((await openConsole(second.url)).name, "demo-server");
    await interrupt(second.program);
  });

  it("moves the simulated BMC when its port has been taken meanwhile", async () => {
    const first = await startDemo();
    await interrupt(first.program);
    const settings = await readFile(join(folder, "demo-bmc.json"), "utf8");
    const { port } = JSON.parse(settings) as { port: number };
    const squatter = createServer((socket) => socket.destroy()).listen(port, "127.0.0.1");
    try {
      const second = await startDemo();
      assert.equal((await openConsole(second.url)).name, "demo-server");
      await interrupt(second.program);
    } finally {
      squatter.close();
    }
  });

  it("is empty without the demo", async () => {
    const program = start("--no-demo");
    const api = (await program.untilSays(API_URL))[1] ?? "";
    assert.deepEqual(await nodeNames(api), []);
    assert.equal(program.stdout, "");
    await interrupt(program);
  });

  it("keeps its data folder and everything in it for its owner alone", async () => {
    const { program } = await startDemo();
    const modes = await Promise.all(
      [".", ...(await readdir(folder))].map(async (name) => {
        const { mode } = await stat(join(folder, name));
        return [name, (mode & 0o077).toString(8)] as const;
      }),
    );
    assert.deepEqual(
      modes.filter(([, open]) => open !== "0"),
      [],
    );
    await interrupt(program);
  });

  it("never says the BMC's password or a token in its log", async () => {
    const { program, url } = await startDemo();
    await openConsole(url);
    await interrupt(program);
    const settings = await readFile(join(folder, "demo-bmc.json"), "utf8");
    const { password } = JSON.parse(settings) as { password: string };
    const token = /token%3D([\w-]{43})/.exec(url)?.[1] ?? "no token";
    assert.equal(password.length, 8);
    assert.ok(!program.stderr.includes(password));
    assert.ok(!program.stderr.includes(token));
    assert.ok(!program.stdout.includes(password));
  });

  it("refuses a data folder that another one uses", async () => {
    const first = await startDemo();
    const second = start("--demo");
    const end = await second.end();
    assert.equal(end.status, 69);
    assert.match(
      second.stderr,
      new RegExp(
        `another baremetal-console \\(process ${first.program.pid}\\) uses the data folder`,
      ),
    );
    await interrupt(first.program);
  });

  it("names the address that is taken", async () => {
    const squatter = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => squatter.once("listening", resolve));
    const { port } = squatter.address() as AddressInfo;
    try {
      const program = start("-o", `api.port=${port}`);
      const end = await program.end();
      assert.equal(end.status, 69, program.stderr);
      assert.match(program.stderr, new RegExp(`127\\.0\\.0\\.1:${port}`));
      assert.match(program.stderr, /EADDRINUSE/);
      assert.doesNotMatch(program.stderr, /^\s+at /m);
    } finally {
      squatter.close();
    }
  });

  it("refuses to make a new key for a database that has one already", async () => {
    const first = start("--no-demo");
    await first.untilSays(API_URL);
    await interrupt(first);
    await rm(join(folder, "secret.key"));
    const second = start("--no-demo");
    assert.equal((await second.end()).status, 70);
    assert.match(second.stderr, /secret\.key" is gone, but the database .* is there; put it back/);
  });

  it("reads the log level again at SIGHUP", async () => {
    const file = join(folder, "console.conf");
    await writeFile(file, "[DEFAULT]\nlog_level = info\n");
    const program = start("--no-demo", "--config-file", file);
    await program.untilSays(API_URL);
    await writeFile(file, "[DEFAULT]\nlog_level = loud\n");
    program.kill("SIGHUP");
    await program.untilSays(/configuration kept as it was: .*log_level must be one of/);
    await writeFile(file, "[DEFAULT]\nlog_level = debug\n");
    program.kill("SIGHUP");
    await program.untilSays(/configuration read again +log_level=debug/);
    await interrupt(program);
  });
});

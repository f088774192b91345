/** `bmcon console log` as a user types it, against a running service. */
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { runProgram } from "../../cli/program.ts";
import { systemClock } from "../../common/clock.ts";
import { CliProcess, runCli } from "../helpers/cli-process.ts";
import { consoleLogWorld, type ConsoleLogWorld } from "../helpers/console-log-world.ts";

describe("bmcon console log", function () {
  this.timeout(60_000);
  let world: ConsoleLogWorld;
  before(async () => {
    world = await consoleLogWorld();
  });
  after(() => world?.stop());

  const cli = (...args: string[]): ReturnType<typeof runCli> =>
    runCli(["console", "log", "n1", ...args], { env: { OS_ENDPOINT: world.api.service.url } });

  it("says which proxies it could not ask", async () => {
    const { database } = world.api;
    await database.sessions.beat("proxy3");
    await database.lines.announce("proxy3", "http://127.0.0.1:1");
    const shown = await cli();
    assert.match(shown.stderr, /not all of it: no answer from the proxies proxy3/);
    assert.equal(shown.status, 0);
    const known = await database.sessions.listProxies();
    const beat = known.find((proxy) => proxy.host === "proxy3")?.beat ?? null;
    await database.sessions.closeSilent("proxy3", beat);
  });

  it("is the last lines, safe to print", async () => {
    const { stdout, status, stderr } = await cli("--lines", "5");
    assert.equal(status, 0, stderr);
    assert.equal(stdout, (await world.get()).text);
  });

  it("is written to a file, for its owner", async () => {
    const file = join(world.folder, "out.bin");
    const { stdout, status, stderr } = await cli("--format", "raw", "-o", file);
    assert.equal(status, 0, stderr);
    assert.equal(stdout, "");
    assert.equal(
      readFileSync(file, "latin1"),
      Buffer.from((await world.get("?format=raw")).text).toString("latin1"),
    );
    assert.equal(statSync(file).mode & 0o777, 0o600);
  });

  /** Runs the program on a terminal. */
  async function onTerminal(url: string, ...args: string[]): Promise<[number, string, string]> {
    const stdout = Object.assign(new PassThrough(), { isTTY: true });
    const stderr = new PassThrough();
    const stdin = new PassThrough();
    const env = { BMCON_URL: url, HOME: world.folder };
    const io = { env, stdin, stdout, stderr, clock: systemClock };
    const status = await runProgram(io, ["console", "log", "n1", ...args]);
    return [status, String(stdout.read() ?? ""), String(stderr.read() ?? "")];
  }

  it("does not let a machine steer a terminal", async () => {
    const [status, shown, said] = await onTerminal(world.api.service.url, "--format", "raw");
    assert.equal(status, 2);
    assert.equal(shown, "");
    assert.match(said, /write it to a file with -o FILE/);
    const [, text] = await onTerminal(world.api.service.url);
    assert.equal(text, (await world.get()).text);
  });

  it("does not let a service steer a terminal either", async () => {
    const lying = createServer((_request, response) => {
      response.end("2026-11-20T12:00:00.000Z \x1b]0;evil\x07 \u009b2J Grüße\r\n");
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => lying.once("listening", resolve));
    const { port } = lying.address() as AddressInfo;
    const [, shown] = await onTerminal(`http://127.0.0.1:${port}`);
    assert.equal(shown, "2026-11-20T12:00:00.000Z ?]0;evil? ?2J Grüße?\n");
    lying.close();
  });

  it("fails for a file that cannot be written, a bad time and an unknown node", async () => {
    assert.match((await cli("-o", "/nonexistent/x")).stderr, /cannot write the console log/);
    const bad = await cli("--from", "yesterday");
    assert.equal(bad.status, 2);
    assert.match(bad.stderr, /Invalid from/);
    const unknown = await runCli(["console", "log", "nobody"], {
      env: { OS_ENDPOINT: world.api.service.url },
    });
    assert.equal(unknown.status, 5);
  });

  it("goes on with what the machine says, every line once", async () => {
    const child = new CliProcess(["console", "log", "n1", "--follow", "--lines", "1"], {
      OS_ENDPOINT: world.api.service.url,
    });
    try {
      await child.untilSays(/ reboot\n/);
      await world.hears("proxy2", 30, "one\r\ntwo\r\n");
      await child.untilSays(/ two\n/);
      await world.hears("proxy1", 31, "three\r\n");
      await child.untilSays(/ three\n/);
      assert.deepEqual(
        child.stdout
          .trimEnd()
          .split("\n")
          .map((line) => line.slice(25)),
        ["reboot", "one", "two", "three"],
      );
    } finally {
      child.kill("SIGTERM");
      await child.end();
    }
  });
});

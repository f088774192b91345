import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConsoleSubprocessFailed } from "../../../../drivers/base.ts";
import { endGroup } from "../../../../drivers/lib/child-process-group.ts";
import {
  AddressTaken,
  startSocat,
  type SocatLaunch,
} from "../../../../drivers/ipmitool-socat/start-socat.ts";
import { missingPrograms } from "../../../helpers/server-process.ts";
import { membersOf } from "./socat-bench.ts";

describe("the start of socat", function suite() {
  this.timeout(20_000);
  let folder: string;
  let group: number | undefined;

  before(function look() {
    if (missingPrograms(["socat", "flock"]).length > 0) this.skip();
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "start-socat-"));
    group = undefined;
  });
  afterEach(async () => {
    if (group !== undefined) await endGroup(group, 1000);
    rmSync(folder, { recursive: true });
  });

  async function start(listen: string, more: Partial<SocatLaunch> = {}): Promise<void> {
    await startSocat({
      args: [listen, "EXEC:cat"],
      env: { PATH: "/usr/local/bin:/usr/bin:/bin" },
      folder,
      transport: listen.startsWith("UNIX") ? "unix" : "tcp",
      descriptor: undefined,
      limitMs: 5000,
      killTimeoutMs: 1000,
      signal: new AbortController().signal,
      onSpawn: ({ pid }) => (group = pid),
      ...more,
    });
  }

  it("resolves when it listens, and takes no connection for that", async () => {
    await start("UNIX-LISTEN:x.sock");
    assert.deepEqual(readdirSync(folder), ["x.sock"]);
    // Without fork, one connection would have been its last.
    assert.equal(membersOf(group ?? 0).length, 1);
  });

  it("tells a taken port from other failures", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    try {
      await assert.rejects(start(`TCP4-LISTEN:${port},bind=127.0.0.1`), AddressTaken);
    } finally {
      server.close();
    }
  });

  it("says what the system said, and nothing of the command line", async () => {
    await assert.rejects(
      start("UNIX-LISTEN:no/such/folder"),
      (error) =>
        error instanceof ConsoleSubprocessFailed && /No such file or directory/.test(error.message),
    );
    await assert.rejects(
      start("UNIX-LISTEN:x,unknown-option=secret"),
      (error) =>
        error instanceof ConsoleSubprocessFailed &&
        !(error instanceof AddressTaken) &&
        !/secret|unknown/.test(error.message),
    );
  });

  it("ends what does not listen in time", async () => {
    await assert.rejects(
      start("PIPE:x", { limitMs: 200 }),
      (error) =>
        error instanceof ConsoleSubprocessFailed && /subprocess_timeout/.test(error.message),
    );
    assert.deepEqual(membersOf(group ?? 0), []);
  });

  it("ends it when it is aborted", async () => {
    const abort = new AbortController();
    const starting = start("PIPE:x", { signal: abort.signal });
    setTimeout(() => abort.abort(), 100);
    await assert.rejects(starting);
    assert.deepEqual(membersOf(group ?? 0), []);
  });

  it("names the package of a program that is missing", async () => {
    const PATH = join(folder, "bin");
    await assert.rejects(start("UNIX-LISTEN:x", { env: { PATH } }), /package util-linux/);
    mkdirSync(PATH);
    symlinkSync("/usr/bin/flock", join(PATH, "flock"));
    await assert.rejects(start("UNIX-LISTEN:x", { env: { PATH } }), /package socat/);
    rmSync(join(PATH, "flock"));
    symlinkSync("/bin/busybox", join(PATH, "flock"));
    await assert.rejects(start("UNIX-LISTEN:x", { env: { PATH } }), /package util-linux/);
  });
});

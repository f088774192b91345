import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { takeProcessLock, type ProcessLock } from "../../../common/process-lock.ts";

class Held extends Error {}

const take = (file: string): ProcessLock =>
  takeProcessLock(file, (pid) => new Held(`held by process ${pid}`));

describe("takeProcessLock", () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "bmc-lock-"));
    file = join(folder, "state", "conductor-a.lock");
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** Writes the file as a process of another number had left it. */
  function leftBy(changes: object): void {
    const lock = take(file);
    const mine = JSON.parse(readFileSync(file, "utf8")) as object;
    lock.release();
    writeFileSync(file, JSON.stringify({ ...mine, ...changes }));
  }

  async function deadPid(): Promise<number> {
    const child = spawn(process.execPath, ["--version"], { stdio: "ignore" });
    await once(child, "exit");
    return child.pid ?? 0;
  }

  it("is taken where no file is, and leaves none when released", () => {
    const lock = take(file);
    assert.equal(lock.previousRunDied, false);
    assert.equal((JSON.parse(readFileSync(file, "utf8")) as { pid: number }).pid, process.pid);
    lock.release();
    assert.deepEqual(readdirSync(join(folder, "state")), []);
  });

  it("is refused while the file's process lives", () => {
    const lock = take(file);
    assert.throws(() => take(file), new Held(`held by process ${process.pid}`));
    lock.release();
    take(file).release();
  });

  it("is taken from a dead process", async () => {
    leftBy({ pid: await deadPid() });
    const lock = take(file);
    assert.equal(lock.previousRunDied, true);
    assert.equal((JSON.parse(readFileSync(file, "utf8")) as { pid: number }).pid, process.pid);
    lock.release();
  });

  it("is taken from a process whose number another one has now", () => {
    leftBy({ startTicks: 1 });
    const lock = take(file);
    assert.equal(lock.previousRunDied, true);
    lock.release();
  });

  it("is taken after the machine was started anew, even when the number is in use", () => {
    leftBy({ bootId: "of-another-boot" });
    const lock = take(file);
    assert.equal(lock.previousRunDied, true);
    lock.release();
  });

  it("does not judge a process of another machine or container", () => {
    for (const other of [{ machine: "elsewhere" }, { pidNamespace: "pid:[1]" }]) {
      leftBy({ pid: 999_999_999, ...other });
      const before = readFileSync(file, "utf8");
      const lock = take(file);
      assert.equal(lock.previousRunDied, false);
      lock.release();
      assert.equal(readFileSync(file, "utf8"), before);
      lock.confirm();
      lock.release();
      assert.equal(existsSync(file), false);
    }
  });

  for (const text of [
    "",
    "nonsense\n",
    "4711 5\n",
    "null",
    '{"pid":0}',
    '{"pid":-1}',
    '{"pid":"1"}',
  ])
    it(`is taken over a file that says ${JSON.stringify(text)}`, () => {
      take(file).release();
      writeFileSync(file, text);
      const lock = take(file);
      assert.equal(lock.previousRunDied, true);
      lock.release();
      assert.equal(existsSync(file), false);
    });

  it("is left alone when it has become somebody else's", () => {
    const lock = take(file);
    writeFileSync(file, "another's");
    lock.release();
    assert.equal(readFileSync(file, "utf8"), "another's");
  });

  it("leaves no drafts behind", () => {
    leftBy({ pid: 999_999_999 });
    const lock = take(file);
    assert.deepEqual(readdirSync(join(folder, "state")), ["conductor-a.lock"]);
    lock.release();
  });
});

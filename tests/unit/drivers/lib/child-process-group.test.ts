import assert from "node:assert/strict";
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { realpathSync } from "node:fs";
import { promisify } from "node:util";
import {
  ageSeconds,
  argumentsOf,
  descendantsOf,
  endGroup,
  environmentOf,
  groupsMarked,
  identityOf,
  isRunning,
} from "../../../../drivers/lib/child-process-group.ts";

const moduleUrl = new URL("../../../../drivers/lib/child-process-group.js", import.meta.url).href;

describe("the processes of a program that outlives us", function suite() {
  this.timeout(20_000);
  const started: ChildProcess[] = [];

  afterEach(() => {
    for (const child of started.splice(0))
      try {
        process.kill(-(child.pid ?? 0), "SIGKILL");
      } catch {
        /* gone already */
      }
  });

  /** A shell as leader of its group; resolves with its number when it has printed a line. */
  async function group(script: string, ...args: string[]): Promise<number> {
    const child = spawn("/bin/sh", ["-c", script, "sh", ...args], {
      detached: true,
      cwd: tmpdir(),
      env: { PATH: process.env["PATH"] ?? "", COLOUR: "blue" },
      stdio: ["ignore", "pipe", "ignore"],
    });
    started.push(child);
    await once(child.stdout, "data");
    child.stdout.destroy();
    return child.pid ?? 0;
  }

  it("are told from a later one with the same number", async () => {
    const pid = await group("echo; sleep 60");
    const identity = identityOf(pid);
    assert.ok(identity);
    assert.equal(isRunning(identity), true);
    assert.equal(isRunning({ ...identity, startTicks: identity.startTicks - 1 }), false);
    assert.equal(isRunning({ ...identity, bootId: "another" }), false);
  });

  it("tell what they were started with, and for how long they run", async () => {
    const pid = await group("echo; sleep 60; :", "a b", "");
    assert.deepEqual(argumentsOf(pid), ["/bin/sh", "-c", "echo; sleep 60; :", "sh", "a b", ""]);
    assert.ok(environmentOf(pid)?.includes("COLOUR=blue"));
    const age = ageSeconds(pid) ?? -1;
    assert.ok(age >= 0 && age < 10, `${age}`);
  });

  it("include children of children", async () => {
    const pid = await group("(sleep 61; :) & sleep 60 & echo; wait");
    const end = Date.now() + 5000;
    let programs: string[] = [];
    while (programs.join(" ") !== "sh sleep sleep" && Date.now() < end)
      programs = [...(await descendantsOf(pid)).values()].toSorted();
    assert.deepEqual(programs, ["sh", "sleep", "sleep"]);
  });

  it("end all together at TERM", async () => {
    const pid = await group("(sleep 61; :) & sleep 60 & echo; wait");
    await endGroup(pid, 5000);
    assert.equal(identityOf(pid), undefined);
    assert.equal((await descendantsOf(pid)).size, 0);
  });

  it("are killed when they do not heed TERM, once the time is over", async () => {
    const pid = await group("trap '' TERM; echo; while :; do sleep 1; done");
    const begin = performance.now();
    await endGroup(pid, 300);
    assert.ok(performance.now() - begin >= 300);
    assert.equal(identityOf(pid), undefined);
  });

  it("are found by a mark in an argument and by their folder, orphans too", async () => {
    const mark = `mark-${process.pid}-${Date.now()}`;
    const pid = await group(`(exec sh -c 'sleep 60; :' ${mark}) & echo`, "leader-ends");
    const folder = realpathSync(tmpdir());
    assert.deepEqual([...(await groupsMarked(mark, folder))], [pid]);
    assert.deepEqual([...(await groupsMarked(mark, "/"))], []);
    await endGroup(pid, 2000);
    assert.deepEqual([...(await groupsMarked(mark, folder))], []);
  });

  it("are not another user's, whatever stands in the arguments", async function otherUser() {
    if (process.getuid?.() !== 0) this.skip();
    const mark = `mark-${process.pid}-${Date.now()}`;
    const pid = await group("echo; sleep 60; :", mark);
    const folder = realpathSync(tmpdir());
    const find = `import(${JSON.stringify(moduleUrl)}).then((found) => {
      process.setgroups([65534]); process.setgid(65534); process.setuid(65534);
      return found.groupsMarked(${JSON.stringify(mark)}, ${JSON.stringify(folder)});
    }).then((groups) => console.log(groups.size))`;
    const { stdout } = await promisify(execFile)(process.execPath, ["-e", find]);
    assert.equal(stdout, "0\n");
    assert.deepEqual([...(await groupsMarked(mark, folder))], [pid]);
  });

  it("that are gone already are no trouble, and no number below 2 is ever signalled", async () => {
    const pid = await group("echo; sleep 60");
    await endGroup(pid, 1000);
    await endGroup(pid, 1000);
    await assert.rejects(endGroup(0, 10), /no process group/);
    await assert.rejects(endGroup(1, 10), /no process group/);
    await assert.rejects(endGroup(Number.NaN, 10), /no process group/);
  });
});

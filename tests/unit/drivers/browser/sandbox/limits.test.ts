import assert from "node:assert/strict";
import { capped, chooseCpus, hardLimit } from "../../../../../drivers/browser/sandbox/limits.ts";

/** As the kernel writes it (proc_pid_limits(5)). */
const LIMITS = `Limit                     Soft Limit           Hard Limit           Units
Max file size             unlimited            unlimited            bytes
Max processes             96000                700                  processes
Max open files            1024                 2048                 files
`;

describe("the caps of a session", () => {
  it("choose as many CPUs as wanted, others for the next session", () => {
    assert.deepEqual(chooseCpus("0-3", 2, 1), [2, 3]);
    assert.deepEqual(chooseCpus("0-3", 2, 2), [0, 1]);
    assert.deepEqual(chooseCpus("0-1,8,10-11", 2, 1), [8, 10]);
  });
  it("choose none when a session may have them all", () => {
    assert.deepEqual(chooseCpus("0-1", 2, 0), []);
    assert.deepEqual(chooseCpus("", 2, 0), []);
    assert.deepEqual(chooseCpus("nonsense", 2, 0), []);
  });
  it("never ask for more than the conductor may hand down", () => {
    assert.equal(hardLimit(LIMITS, "Max processes"), 700);
    assert.equal(hardLimit(LIMITS, "Max file size"), Infinity);
    const command = capped({ processes: 1024, cpus: [], ownLimits: LIMITS });
    assert.ok(command.includes("--nproc=700") && command.includes("--nofile=2048"));
    assert.ok(capped({ processes: 1024, cpus: [] }).includes("--nproc=1024"));
  });
});

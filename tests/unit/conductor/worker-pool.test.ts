import assert from "node:assert/strict";
import { NoFreeConductorWorker, ShuttingDown } from "../../../common/errors.ts";
import { silentLogger } from "../../../common/log.ts";
import { WorkerPool } from "../../../conductor/worker-pool.ts";
import { Gate } from "./until.ts";

describe("WorkerPool", () => {
  const pool = (limit: number): WorkerPool => new WorkerPool(limit, silentLogger());

  it("refuses one more than its limit, until one ends", async () => {
    const workers = pool(2);
    const gate = new Gate();
    const [first, second] = [workers.takeSlot(), workers.takeSlot()];
    first.run("first", () => gate.opened);
    second.run("second", () => gate.opened);
    assert.throws(() => workers.takeSlot(), NoFreeConductorWorker);
    gate.open();
    await workers.stop(5);
    assert.throws(() => workers.takeSlot(), ShuttingDown);
  });

  it("counts a taken slot before it runs, and no longer when it is given back", () => {
    const workers = pool(1);
    const slot = workers.takeSlot();
    assert.throws(() => workers.takeSlot(), NoFreeConductorWorker);
    slot.giveBack();
    slot.giveBack();
    workers.takeSlot();
    assert.throws(() => workers.takeSlot(), NoFreeConductorWorker);
  });

  it("does not free a running worker's place when its taker gives back", async () => {
    const workers = pool(1);
    const gate = new Gate();
    const slot = workers.takeSlot();
    slot.run("work", () => gate.opened);
    slot.giveBack();
    assert.throws(() => workers.takeSlot(), NoFreeConductorWorker);
    gate.open();
    await workers.stop(5);
  });

  it("frees the place of a worker that fails", async () => {
    const workers = pool(1);
    workers.takeSlot().run("failing", () => Promise.reject(new Error("oh")));
    await workers.attend("something that ends later", () => Promise.resolve());
    await new Promise((resolve) => setImmediate(resolve));
    workers.takeSlot().giveBack();
  });

  it("waits for work when it stops, and does not abort what ends in time", async () => {
    const workers = pool(1);
    const gate = new Gate();
    let ended = false;
    workers.takeSlot().run("work", async () => {
      await gate.opened;
      assert.equal(workers.signal.aborted, false);
      ended = true;
    });
    const stopping = workers.stop(5);
    gate.open();
    await stopping;
    assert.ok(ended);
  });

  it("aborts work that takes longer than the grace", async () => {
    const workers = pool(1);
    let reason: unknown;
    workers.takeSlot().run(
      "stubborn",
      () =>
        new Promise((resolve) => {
          workers.signal.addEventListener("abort", () => {
            reason = workers.signal.reason;
            resolve();
          });
        }),
    );
    await workers.stop(0);
    assert.ok(reason instanceof ShuttingDown);
  });

  it("waits for calls as well, and takes none when it stops", async () => {
    const workers = pool(1);
    const gate = new Gate();
    let answered = false;
    const call = workers.attend("call", async () => {
      await gate.opened;
      answered = true;
    });
    const stopping = workers.stop(5);
    await assert.rejects(
      workers.attend("late", () => Promise.resolve()),
      ShuttingDown,
    );
    gate.open();
    await stopping;
    assert.ok(answered);
    await call;
  });
});

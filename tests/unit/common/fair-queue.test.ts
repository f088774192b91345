/** Who gets a turn when one source sends much. */
import assert from "node:assert/strict";
import { FairQueue } from "../../../common/fair-queue.ts";
import { TemporaryFailure } from "../../../common/errors.ts";

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("FairQueue", () => {
  let started: string[];
  let finish: Map<string, () => void>;
  let queue: FairQueue;
  beforeEach(() => {
    started = [];
    finish = new Map();
    queue = new FairQueue({ running: 2, waiting: 6, waitingOfOneSource: 4 });
  });

  const enter = (source: string, name: string): Promise<void> =>
    queue.run(source, () => {
      started.push(name);
      return new Promise((resolve) => finish.set(name, resolve));
    });
  const end = async (name: string, entered: Promise<void>): Promise<void> => {
    finish.get(name)?.();
    await entered;
    await settled();
  };

  it("runs as many at a time as it may, and the next when one ends", async () => {
    const first = enter("a", "a1");
    void enter("a", "a2");
    void enter("a", "a3");
    await settled();
    assert.deepEqual(started, ["a1", "a2"]);
    await end("a1", first);
    assert.deepEqual(started, ["a1", "a2", "a3"]);
  });

  it("gives the place of a piece of work that failed to the next", async () => {
    const failing = [1, 2].map(() => queue.run("a", () => Promise.reject(new Error("broken"))));
    const next = enter("a", "a3");
    for (const entered of failing) await assert.rejects(entered, /broken/);
    await end("a3", next);
    assert.deepEqual(started, ["a3"]);
  });

  it("refuses the fifth of one source and takes another source's first", async () => {
    const flood = Array.from({ length: 6 }, (_none, index) => enter("a", `a${index}`));
    await assert.rejects(enter("a", "a6"), TemporaryFailure);
    void enter("b", "b0");
    await end("a0", flood[0] ?? Promise.resolve());
    await end("a1", flood[1] ?? Promise.resolve());
    assert.deepEqual(started, ["a0", "a1", "a2", "b0"]);
  });

  it("takes the place of the source with the longest line when all are taken", async () => {
    const entered = [
      ...Array.from({ length: 6 }, (_none, index) => enter("a", `a${index}`)),
      enter("b", "b0"),
      enter("c", "c0"),
    ];
    void enter("d", "d0");
    await assert.rejects(entered[5] ?? Promise.resolve(), TemporaryFailure);
    for (const name of ["a0", "a1", "a2", "b0", "c0"]) {
      finish.get(name)?.();
      await settled();
    }
    assert.deepEqual(started.slice(2), ["a2", "b0", "c0", "d0", "a3"]);
  });

  it("refuses a newcomer when every source has one in line only", async () => {
    for (const source of ["a", "b", "c", "d", "e", "f", "g", "h"]) void enter(source, source);
    await assert.rejects(enter("i", "i"), TemporaryFailure);
  });
});

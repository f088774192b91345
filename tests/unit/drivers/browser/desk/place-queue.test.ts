import assert from "node:assert/strict";
import { PlaceQueue } from "../../../../../drivers/browser/desk/place-queue.ts";
import type { Place } from "../../../../../drivers/browser/providers/provider.ts";
import { PageError } from "../../../../../drivers/base.ts";
import { ManualScheduler, settled } from "./manual-scheduler.ts";

const NEVER = new AbortController().signal;

function seats(count: number, timeoutMs = 300_000) {
  const scheduler = new ManualScheduler();
  let free = count;
  const queue = new PlaceQueue({
    scheduler,
    timeoutMs,
    take: async () => {
      if (free === 0) return undefined;
      free -= 1;
      const place: Pick<Place, "host" | "release"> = {
        host: "here",
        release: () => {
          free += 1;
          return Promise.resolve();
        },
      };
      return await Promise.resolve(place as Place);
    },
  });
  return { queue, scheduler, free: () => free };
}

describe("the queue for seats", () => {
  it("gives a free seat at once and says no position", async () => {
    const { queue } = seats(1);
    const positions: number[] = [];
    await queue.place(NEVER, (position) => positions.push(position));
    assert.deepEqual(positions, []);
  });

  it("serves in the order of coming and tells everybody his place when it changes", async () => {
    const { queue } = seats(1);
    const first = await queue.place(NEVER, () => undefined);
    const said: string[] = [];
    const order: string[] = [];
    const waiting = ["a", "b", "c"].map(async (name) => {
      const place = await queue.place(NEVER, (position) => said.push(`${name}${position}`));
      order.push(name);
      await place.release();
      queue.poke();
    });
    await settled();
    assert.deepEqual(said, ["a1", "b2", "c3"]);
    await first.release();
    queue.poke();
    await Promise.all(waiting);
    assert.deepEqual(order, ["a", "b", "c"]);
    assert.deepEqual(said, ["a1", "b2", "c3", "b1", "c2", "c1"]);
  });

  it("notices a seat that somebody else gave back", async () => {
    const { queue, scheduler } = seats(1);
    const first = await queue.place(NEVER, () => undefined);
    const second = queue.place(NEVER, () => undefined);
    await settled();
    await first.release();
    await scheduler.pass(3000);
    await second;
  });

  it("refuses with words when the time is over, and leaves no timer", async () => {
    const { queue, scheduler } = seats(0, 20_000);
    const waiting = assert.rejects(
      queue.place(NEVER, () => undefined),
      (error) => error instanceof PageError && error.failure === "queue",
    );
    await settled();
    await scheduler.pass(20_000);
    await waiting;
    assert.equal(scheduler.pending, 0);
  });

  it("refuses at once where nobody may wait", async () => {
    const { queue } = seats(0, 0);
    await assert.rejects(
      queue.place(NEVER, () => undefined),
      PageError,
    );
  });

  it("lets one leave the queue, and the others move up", async () => {
    const { queue, free } = seats(1);
    const first = await queue.place(NEVER, () => undefined);
    const leaving = new AbortController();
    const gone = assert.rejects(
      queue.place(leaving.signal, () => undefined),
      /went home/,
    );
    await settled();
    const positions: number[] = [];
    const second = queue.place(NEVER, (position) => positions.push(position));
    await settled();
    leaving.abort(new Error("went home"));
    await gone;
    await first.release();
    queue.poke();
    await (await second).release();
    assert.deepEqual(positions, [2, 1]);
    assert.equal(free(), 1);
  });
});

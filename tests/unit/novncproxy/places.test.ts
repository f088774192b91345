import assert from "node:assert/strict";
import { Places } from "../../../novncproxy/places.ts";

describe("places", () => {
  it("let so many in, and the next as soon as one leaves, in order", async () => {
    const places = new Places(2);
    const in_: number[] = [];
    const leave: (() => void)[] = [];
    const all = [1, 2, 3, 4].map(async (name) => {
      leave.push(await places.take());
      in_.push(name);
    });
    await Promise.all(all.slice(0, 2));
    assert.deepEqual(in_, [1, 2]);
    leave[0]!();
    leave[0]!();
    await all[2];
    assert.deepEqual(in_, [1, 2, 3]);
    leave[1]!();
    await all[3];
    leave[2]!();
    leave[3]!();
    await places.take();
    await places.take();
  });

  it("are given back by work that fails", async () => {
    const places = new Places(1);
    await assert.rejects(
      places.during(() => Promise.reject(new Error("no"))),
      /no/,
    );
    assert.equal(await places.during(() => Promise.resolve(7)), 7);
  });
});

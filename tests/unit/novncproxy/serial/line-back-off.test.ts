import assert from "node:assert/strict";
import { LineBackOff } from "../../../../novncproxy/serial/line-back-off.ts";

const evenly = (): number => 0;

function pauses(kind: "lost" | "contested" | "taken", times: number, longest = 30_000): number[] {
  const backOff = new LineBackOff(longest, evenly);
  return Array.from({ length: times }, () => backOff.lost(0, kind));
}

describe("LineBackOff", () => {
  it("begins with half a second and doubles up to the bound", () => {
    assert.deepEqual(pauses("lost", 8), [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    assert.deepEqual(pauses("lost", 3, 1000), [500, 1000, 1000]);
  });

  for (const kind of ["contested", "taken"] as const)
    it(`begins with five seconds for a line that is ${kind}, whatever the bound is`, () => {
      assert.deepEqual(pauses(kind, 5, 1000), [5000, 10_000, 20_000, 40_000, 60_000]);
    });

  it("adds up to a quarter by chance, never takes away", () => {
    assert.equal(new LineBackOff(30_000, () => 0.999).lost(0, "lost"), 625);
  });

  it("begins anew after a minute of being connected, and not sooner", () => {
    const backOff = new LineBackOff(30_000, evenly);
    backOff.lost(0, "lost");
    backOff.lost(0, "taken");
    backOff.connected(1000);
    assert.equal(backOff.lost(60_999, "lost"), 1000);
    backOff.connected(100_000);
    assert.equal(backOff.lost(160_000, "lost"), 500);
    assert.equal(backOff.lost(160_000, "taken"), 5000);
  });
});

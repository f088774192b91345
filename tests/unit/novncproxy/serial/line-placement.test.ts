import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { favouriteProxy } from "../../../../novncproxy/serial/line-placement.ts";

describe("favouriteProxy", () => {
  it("is the same one whoever asks, and moves with the hosts that leave only", () => {
    const nodes = Array.from({ length: 300 }, () => randomUUID());
    const before = nodes.map((node) => favouriteProxy(node, ["p1", "p2", "p3"]));
    assert.deepEqual(
      nodes.map((node) => favouriteProxy(node, ["p3", "p1", "p2"])),
      before,
    );
    const after = nodes.map((node) => favouriteProxy(node, ["p1", "p3"]));
    for (const [index, host] of before.entries())
      if (host !== "p2") assert.equal(after[index], host);
    for (const host of ["p1", "p2", "p3"])
      assert.ok(before.filter((one) => one === host).length > 60);
    assert.equal(favouriteProxy("node", []), undefined);
  });
});

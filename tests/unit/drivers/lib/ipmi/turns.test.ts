import assert from "node:assert/strict";
import { Turns } from "../../../../../drivers/lib/ipmi/turns.ts";

const open = new AbortController().signal;

/** A promise and the way to fulfil it. */
function gate(): { readonly passed: Promise<void>; readonly open: () => void } {
  let release = (): void => {};
  const passed = new Promise<void>((resolve) => {
    release = resolve;
  });
  return { passed, open: release };
}

describe("turns", () => {
  it("are taken one after the other for one name, in order, and at once for another", async () => {
    const turns = new Turns();
    const order: string[] = [];
    const first = gate();
    const work = (name: string, wait?: Promise<void>) => async (): Promise<void> => {
      order.push(`${name} begins`);
      await wait;
      order.push(`${name} ends`);
    };
    const a = turns.take("bmc", open, work("a", first.passed));
    const b = turns.take("bmc", open, work("b"));
    await turns.take("other", open, work("c"));
    first.open();
    await Promise.all([a, b]);
    assert.deepEqual(order.join(", "), "a begins, c begins, c ends, a ends, b begins, b ends");
  });

  it("go on after work that failed", async () => {
    const turns = new Turns();
    const bad = turns.take("bmc", open, async () => {
      throw new Error("bad");
    });
    await assert.rejects(bad, /bad/);
    assert.equal(await turns.take("bmc", open, async () => 7), 7);
  });

  it("are given up by who is aborted while waiting, without letting anybody overtake", async () => {
    const turns = new Turns();
    const first = gate();
    const busy = turns.take("bmc", open, async () => await first.passed);
    const impatient = new AbortController();
    const gone = turns.take("bmc", impatient.signal, async () => assert.fail("it was aborted"));
    let third = false;
    const last = turns.take("bmc", open, async () => {
      third = true;
    });
    impatient.abort(new Error("enough"));
    await assert.rejects(gone, /enough/);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(third, false);
    first.open();
    await Promise.all([busy, last]);
    assert.equal(third, true);
  });
});

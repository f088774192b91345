import assert from "node:assert/strict";
import { SessionLife } from "../../../../../drivers/browser/desk/session-life.ts";
import { ManualScheduler } from "./manual-scheduler.ts";

function life(lingerMs: number | null = 60_000) {
  const scheduler = new ManualScheduler();
  const ends: string[] = [];
  const states: string[] = [];
  const made = new SessionLife({
    scheduler,
    lingerMs,
    onEnd: (reason) => ends.push(reason),
    onState: (state) => states.push(state),
  });
  return { scheduler, ends, states, life: made };
}

describe("the life of a browser session", () => {
  it("goes through the steps in order and never back", () => {
    const { life: one, states } = life(null);
    for (const step of ["launch", "reach", "launch", "login", "viewer", "picture"] as const)
      one.begin(step);
    one.shown();
    assert.deepEqual(states, ["launch", "reach", "login", "viewer", "picture", "shown"]);
  });

  it("says since when it has been going on", async () => {
    const { life: one, scheduler } = life();
    await scheduler.pass(1234);
    assert.equal(one.elapsedMs(), 1234);
  });

  it("lingers after the last viewer has left, and ends then", async () => {
    const { life: one, scheduler, ends } = life();
    one.viewerCame();
    one.begin("picture");
    one.shown();
    one.viewerLeft();
    assert.equal(one.state, "lingering");
    await scheduler.pass(59_999);
    assert.deepEqual(ends, []);
    await scheduler.pass(1);
    assert.deepEqual(ends, ["nobody watches any more"]);
    assert.equal(one.state, "ending");
  });

  it("stays when somebody comes back in time", async () => {
    const { life: one, scheduler, ends } = life();
    one.viewerCame();
    one.shown();
    one.viewerLeft();
    await scheduler.pass(30_000);
    one.viewerCame();
    await scheduler.pass(600_000);
    assert.equal(one.state, "shown");
    assert.deepEqual(ends, []);
  });

  it("keeps a place in the queue for a page that is loaded again, not for longer", async () => {
    const { life: one, scheduler, ends } = life(600_000);
    one.viewerCame();
    one.viewerLeft();
    await scheduler.pass(9_999);
    assert.deepEqual(ends, []);
    await scheduler.pass(1);
    assert.equal(ends.length, 1);
  });

  it("does not linger with another viewer there", async () => {
    const { life: one, scheduler, ends } = life();
    one.viewerCame();
    one.viewerCame();
    one.shown();
    one.viewerLeft();
    await scheduler.pass(600_000);
    assert.deepEqual(ends, []);
  });

  it("stays without viewers when it was told to", async () => {
    const { life: one, scheduler, ends } = life(null);
    one.shown();
    await scheduler.pass(86_400_000);
    assert.equal(one.state, "shown");
    assert.deepEqual(ends, []);
  });

  it("opens a shown viewer once more, and is starting meanwhile", () => {
    const { life: one } = life(null);
    one.shown();
    one.begin("viewer");
    assert.equal(one.isStarting, true);
    assert.equal(one.step, "viewer");
    one.shown();
    assert.equal(one.isStarting, false);
  });

  it("ends once, with the first reason, and leaves no timer", () => {
    const { life: one, scheduler, ends } = life();
    one.viewerCame();
    one.shown();
    one.viewerLeft();
    one.end("first");
    one.end("second");
    one.viewerCame();
    one.viewerLeft();
    one.ended();
    assert.deepEqual(ends, ["first"]);
    assert.equal(one.endReason, "first");
    assert.equal(scheduler.pending, 0);
  });
});

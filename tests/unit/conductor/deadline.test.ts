import assert from "node:assert/strict";
import { ConsoleError } from "../../../common/errors.ts";
import { deadlineOf, outcomeOf, pause } from "../../../conductor/deadline.ts";

const never = new AbortController().signal;

describe("deadlineOf", () => {
  it("aborts after its time with a sentence that names the work", async () => {
    using deadline = deadlineOf(never, 0.01, "starting the console");
    await new Promise((resolve) => deadline.signal.addEventListener("abort", resolve));
    const reason: unknown = deadline.signal.reason;
    assert.ok(reason instanceof ConsoleError);
    assert.equal(reason.message, "starting the console did not finish within 0.01 seconds");
  });

  it("aborts with its parent, for the parent's reason", () => {
    const parent = new AbortController();
    using deadline = deadlineOf(parent.signal, 60, "work");
    const why = new Error("the service stops");
    parent.abort(why);
    assert.equal(deadline.signal.reason, why);
    using late = deadlineOf(parent.signal, 60, "work");
    assert.equal(late.signal.reason, why);
  });

  it("never aborts once it is disposed of", () => {
    const parent = new AbortController();
    const deadline = deadlineOf(parent.signal, 60, "work");
    deadline[Symbol.dispose]();
    parent.abort();
    assert.equal(deadline.signal.aborted, false);
  });
});

describe("outcomeOf", () => {
  it("is the work's own outcome, also when that comes within the grace", async () => {
    assert.equal(await outcomeOf(Promise.resolve(1), never, 60), 1);
    await assert.rejects(outcomeOf(Promise.reject(new Error("own")), never, 60), /own/);
    const aborted = AbortSignal.abort(new Error("reason"));
    assert.equal(await outcomeOf(Promise.resolve(2), aborted, 60), 2);
  });

  it("is the signal's reason for work that ignores its signal", async () => {
    const ignoring = new Promise(() => {});
    const aborted = AbortSignal.abort(new Error("too late"));
    await assert.rejects(outcomeOf(ignoring, aborted, 0.01), /too late/);
  });
});

describe("pause", () => {
  it("tells whether the whole time went by", async () => {
    assert.equal(await pause(1, never), true);
    const controller = new AbortController();
    const pausing = pause(60_000, controller.signal);
    controller.abort();
    assert.equal(await pausing, false);
    assert.equal(await pause(60_000, controller.signal), false);
  });
});

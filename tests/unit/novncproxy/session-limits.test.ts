import assert from "node:assert/strict";
import { SessionLimits, type LimitEvent } from "../../../novncproxy/session-limits.ts";

describe("SessionLimits", () => {
  const settings = { idle: 100_000, session: 1_000_000, warning: 30_000 };

  it("warns once, with the seconds left, and ends at the limit", () => {
    const limits = new SessionLimits(settings, 0);
    assert.equal(limits.check(69_000).kind, "none");
    assert.deepEqual(limits.check(70_000), {
      kind: "warning",
      reason: "idle_timeout",
      secondsLeft: 30,
    });
    assert.equal(limits.check(80_000).kind, "none");
    assert.deepEqual(limits.check(100_000), { kind: "end", reason: "idle_timeout" });
  });

  it("calls the warning off once when input comes", () => {
    const limits = new SessionLimits(settings, 0);
    limits.check(80_000);
    limits.noteInput(81_000);
    assert.equal(limits.check(82_000).kind, "warning_over");
    assert.equal(limits.check(83_000).kind, "none");
    assert.equal(limits.check(151_000).kind, "warning");
  });

  it("says a warning, and that it is over, again when that did not reach the user", () => {
    const limits = new SessionLimits(settings, 0);
    limits.check(80_000);
    limits.repeat();
    assert.deepEqual(limits.check(81_000), {
      kind: "warning",
      reason: "idle_timeout",
      secondsLeft: 19,
    });
    limits.noteInput(82_000);
    assert.equal(limits.check(83_000).kind, "warning_over");
    limits.repeat();
    assert.equal(limits.check(84_000).kind, "warning_over");
    assert.equal(limits.check(85_000).kind, "none");
  });

  it("names the limit that comes first, and the next one when input moved the first away", () => {
    const limits = new SessionLimits(settings, 0);
    limits.noteInput(895_000);
    assert.deepEqual(limits.check(980_000), {
      kind: "warning",
      reason: "idle_timeout",
      secondsLeft: 15,
    });
    limits.noteInput(981_000);
    assert.deepEqual(limits.check(982_000), {
      kind: "warning",
      reason: "session_limit",
      secondsLeft: 18,
    });
    assert.deepEqual(limits.check(1_000_000), { kind: "end", reason: "session_limit" });
  });

  it("warns half-way when the limit is shorter than twice the warning", () => {
    const limits = new SessionLimits({ idle: 20_000, session: 0, warning: 60_000 }, 0);
    assert.equal(limits.check(9_000).kind, "none");
    assert.equal(limits.check(10_000).kind, "warning");
  });

  it("never ends a session without limits", () => {
    const limits = new SessionLimits({ idle: 0, session: 0, warning: 60_000 }, 0);
    const events: LimitEvent[] = [limits.check(1), limits.check(1e12)];
    assert.ok(events.every((event) => event.kind === "none"));
  });
});

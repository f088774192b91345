import assert from "node:assert/strict";
import { SessionPulse } from "../../../novncproxy/session-pulse.ts";

describe("SessionPulse", () => {
  /** Runs the sweep once a second. @returns at which seconds something was to be done */
  const run = (
    seconds: number,
    heard: (second: number) => boolean,
    progress: (second: number) => number | undefined = () => undefined,
  ): string[] => {
    const pulse = new SessionPulse(30_000, 0);
    const done: string[] = [];
    for (let second = 1; second <= seconds; second += 1) {
      const verdict = pulse.check(second * 1000, heard(second), progress(second));
      if (verdict !== "nothing") done.push(`${verdict} ${second}`);
      if (verdict === "dead") break;
    }
    return done;
  };

  it("leaves a browser in peace that talks", () => {
    assert.deepEqual(
      run(200, () => true),
      [],
    );
  });

  it("pings one that is quiet for the interval, again and again while it answers", () => {
    const answers = new Set([31, 62]);
    assert.deepEqual(
      run(100, (second) => answers.has(second)),
      ["ping 30", "ping 61", "ping 92"],
    );
  });

  it("gives one up that misses two pings", () => {
    assert.deepEqual(
      run(200, () => false),
      ["ping 30", "ping 60", "dead 90"],
    );
  });

  it("forgets missed pings when an answer comes late", () => {
    assert.deepEqual(
      run(150, (second) => second === 70),
      ["ping 30", "ping 60", "ping 100", "ping 130"],
    );
  });

  it("waits for a slow one as long as it takes what waits for it", () => {
    assert.deepEqual(
      run(
        300,
        () => false,
        (second) => second,
      ),
      [],
    );
    assert.deepEqual(
      run(
        300,
        () => false,
        () => 5,
      ).at(-1),
      "dead 91",
    );
  });

  it("does nothing when pings are off", () => {
    const pulse = new SessionPulse(0, 0);
    assert.equal(pulse.check(1e9, false, undefined), "nothing");
  });
});

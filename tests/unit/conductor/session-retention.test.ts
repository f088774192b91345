import assert from "node:assert/strict";
import { silentLogger } from "../../../common/log.ts";
import { createSessionRetention } from "../../../conductor/session-retention.ts";

const DAY = 86_400_000;

describe("the job that deletes old sessions", () => {
  function setUp(days: number, counts: number[]) {
    const calls: [number, number][] = [];
    const abort = new AbortController();
    const run = createSessionRetention({
      clock: { now: () => 1000 * DAY },
      log: silentLogger(),
      config: { vnc: { session_retention_days: days } },
      pool: abort,
      database: {
        sessions: {
          deleteClosedBefore: (time, limit) => {
            calls.push([time, limit]);
            return Promise.resolve(counts.shift() ?? 0);
          },
        },
      },
    });
    return { run, calls, abort };
  }

  it("goes on as long as there is more than it deletes at once", async () => {
    const { run, calls } = setUp(90, [1000, 1000, 3]);
    await run();
    assert.deepEqual(
      calls,
      Array.from({ length: 3 }, () => [910 * DAY, 1000]),
    );
  });

  it("keeps everything with 0 days", async () => {
    const { run, calls } = setUp(0, [1000]);
    await run();
    assert.deepEqual(calls, []);
  });

  it("ends when the conductor stops", async () => {
    const { run, calls, abort } = setUp(1, [1000, 1000]);
    abort.abort();
    await run();
    assert.deepEqual(calls, []);
  });
});

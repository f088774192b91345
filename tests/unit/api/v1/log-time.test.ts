import assert from "node:assert/strict";
import { parseLogTime } from "../../../../api/v1/log-time.ts";
import { InvalidParameterValue } from "../../../../common/errors.ts";

const NOW = Date.parse("2026-11-20T17:12:11.123Z");

describe("a time in a query for a console log", () => {
  const times: readonly [string, string][] = [
    ["2026-11-20T17:12:11.123Z", "2026-11-20T17:12:11.123Z"],
    ["2026-11-20T17:12:11Z", "2026-11-20T17:12:11.000Z"],
    ["2026-11-20T17:12Z", "2026-11-20T17:12:00.000Z"],
    ["2026-11-20T17:12", "2026-11-20T17:12:00.000Z"],
    ["2026-11-20 17:12:11", "2026-11-20T17:12:11.000Z"],
    ["2026-11-20", "2026-11-20T00:00:00.000Z"],
    ["2026-11-20T17:12:11+01:00", "2026-11-20T16:12:11.000Z"],
    ["2026-11-20T17:12:11-0530", "2026-11-20T22:42:11.000Z"],
    ["2026-11-20t17:12:11z", "2026-11-20T17:12:11.000Z"],
    ["2026-11-20T17:12:11 01:00", "2026-11-20T16:12:11.000Z"],
    ["now", "2026-11-20T17:12:11.123Z"],
    ["-90s", "2026-11-20T17:10:41.123Z"],
    ["-15m", "2026-11-20T16:57:11.123Z"],
    ["-2h", "2026-11-20T15:12:11.123Z"],
    ["-1d", "2026-11-19T17:12:11.123Z"],
    ["-1w", "2026-11-13T17:12:11.123Z"],
    ["-999999999w", "1970-01-01T00:00:00.000Z"],
  ];
  for (const [text, expected] of times)
    it(`reads ${text}`, () => {
      assert.equal(new Date(parseLogTime("from", text, NOW)).toISOString(), expected);
    });

  for (const text of [
    "",
    "yesterday",
    "15m",
    "-15",
    "-15y",
    "2026-13-01",
    "2026-11-20T25:00",
    "1e3",
    "-1h30m",
    "17:12",
    "1969-12-31",
  ])
    it(`refuses "${text}", naming the argument`, () => {
      assert.throws(
        () => parseLogTime("from", text, NOW),
        (error) =>
          error instanceof InvalidParameterValue && error.message.startsWith("Invalid from: "),
      );
    });

  it("does not repeat a long one", () => {
    assert.throws(() => parseLogTime("to", "x".repeat(10_000), NOW), { message: /^.{0,300}$/ });
  });
});

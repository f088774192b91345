import assert from "node:assert/strict";
import * as fc from "fast-check";
import { bytesOf, MAX_RECORD_LENGTH, parseRecord } from "../../../../common/console-log-record.ts";
import { ConsoleLogRecords } from "../../../../novncproxy/console-log/log-records.ts";

const NOON = Date.parse("2026-11-20T12:00:00.000Z");

function bytesIn(stored: string): Buffer {
  const lines = stored.split("\n").slice(0, -1);
  return Buffer.concat(lines.map((line) => bytesOf(parseRecord(line)!)));
}

describe("records of a console log", () => {
  it("hold every byte in order, wherever chunks end and unfinished lines are cut", () => {
    const part = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.constantFrom("\r", "\n", "\r\n", "login: ", "\\", "--- ").map((text) => Buffer.from(text)),
      fc.nat({ max: 20_000 }).map((length) => Buffer.alloc(length, "x")),
    );
    const step = fc.record({ part, cut: fc.boolean(), note: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const records = new ConsoleLogRecords();
        let stored = "";
        for (const [index, { part: bytes, cut, note }] of steps.entries()) {
          stored += records.take(bytes, NOON + index);
          if (cut) stored += records.cut();
          if (note) stored += records.note("something happened", NOON + index);
        }
        stored += records.cut();
        assert.deepEqual(bytesIn(stored), Buffer.concat(steps.map((one) => one.part)));
        assert.ok(stored.split("\n").every((line) => line.length <= MAX_RECORD_LENGTH));
        const times = stored
          .split("\n")
          .slice(0, -1)
          .map((line) => line.slice(0, 24));
        assert.deepEqual(times, times.toSorted());
      }),
    );
  });

  it("have the time of a line's first byte", () => {
    const records = new ConsoleLogRecords();
    assert.equal(records.take(Buffer.from("log"), NOON), "");
    assert.equal(
      records.take(Buffer.from("in\r\nnext\r\n"), NOON + 700),
      "2026-11-20T12:00:00.000Z login\n2026-11-20T12:00:00.700Z next\n",
    );
  });

  it("keep what is said before a note before it", () => {
    const records = new ConsoleLogRecords();
    records.take(Buffer.from("> "), NOON);
    assert.equal(
      records.note("break sent", NOON + 1),
      "2026-11-20T12:00:00.000Z > \\\n2026-11-20T12:00:00.001Z --- break sent\n",
    );
  });
});

import assert from "node:assert/strict";
import * as fc from "fast-check";
import {
  bytesOf,
  MAX_RECORD_BYTES,
  MAX_RECORD_LENGTH,
  noteRecord,
  parseRecord,
  recordOf,
  repairedRecord,
} from "../../../common/console-log-record.ts";

const TIME = "2026-11-20T17:12:11.123Z";

/** Bytes of a line as a machine may end it. */
const LINES = fc
  .tuple(
    fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      fc.string({ unit: "binary", maxLength: 100 }).map((text) => Buffer.from(text)),
      fc.string({ unit: "grapheme-ascii", maxLength: 100 }).map((text) => Buffer.from(text)),
      fc
        .constantFrom("\\", "\\x0a", "--- ", "--- x", "\r", "\\\\", "\x1b[2J")
        .map((text) => Buffer.from(text)),
    ),
    fc.constantFrom("\r\n", "\n", ""),
  )
  .map(([bytes, end]) => Buffer.concat([bytes.filter((byte) => byte !== 10), Buffer.from(end)]))
  .filter((bytes) => bytes.length > 0);

describe("a record of a console log", () => {
  it("gives back every byte that a machine said", () => {
    fc.assert(
      fc.property(LINES, (bytes) => {
        const record = parseRecord(recordOf(TIME, bytes));
        assert.equal(record?.time, TIME);
        assert.deepEqual(bytesOf(record), bytes);
        assert.equal(record.kind, bytes.at(-1) === 10 ? "line" : "part");
      }),
      { numRuns: 2000 },
    );
  });

  it("is one line without anything that steers a terminal, whatever the machine said", () => {
    fc.assert(
      fc.property(LINES, (bytes) => {
        const record = recordOf(TIME, bytes);
        assert.doesNotMatch(record.replaceAll("\t", ""), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        assert.equal(Buffer.from(record).toString(), record, "is UTF-8");
        assert.ok(Buffer.byteLength(record) <= MAX_RECORD_LENGTH);
      }),
      { numRuns: 1000 },
    );
  });

  const written: readonly [string, Buffer, string][] = [
    ["a line that ended with CR LF", Buffer.from("GRUB loading.\r\n"), "GRUB loading."],
    ["a line that ended with LF", Buffer.from("Linux\n"), "Linux\\x0a"],
    ["a prompt", Buffer.from("login: "), "login: \\"],
    ["a backslash", Buffer.from("C:\\>"), "C:\\\\>\\"],
    ["a colour", Buffer.from("\x1b[31mred\x1b[0m\r\n"), "\\x1b[31mred\\x1b[0m"],
    ["a tab", Buffer.from("a\tb\r\n"), "a\tb"],
    ["UTF-8", Buffer.from("Grüße 語 🙂\r\n"), "Grüße 語 🙂"],
    ["Latin-1", Buffer.from("Gr\xfc\xdfe\r\n", "latin1"), "Gr\\xfc\\xdfe"],
    ["8-bit controls", Buffer.from("\u009b2J\r\n"), "\\xc2\\x9b2J"],
    ["a change of direction", Buffer.from("\u202Eabc\r\n"), "\\xe2\\x80\\xaeabc"],
    ["an overlong form", Buffer.from([0xc0, 0xaf, 13, 10]), "\\xc0\\xaf"],
    ["half a surrogate pair", Buffer.from([0xed, 0xa0, 0x80, 13, 10]), "\\xed\\xa0\\x80"],
    ["what looks like a note", Buffer.from("--- connected\r\n"), "\\x2d-- connected"],
    ["an empty line", Buffer.from("\r\n"), ""],
  ];
  for (const [what, bytes, text] of written)
    it(`writes ${what} so that people can read and search it`, () => {
      assert.equal(recordOf(TIME, bytes), `${TIME} ${text}`);
    });

  it("tells what happened to the line from what the machine said", () => {
    const note = noteRecord(TIME, "taken by \x1b]0;evil\x07");
    assert.equal(note, `${TIME} --- taken by \\u{1b}]0;evil\\u{7}`);
    assert.equal(parseRecord(note)?.kind, "note");
    assert.equal(parseRecord(recordOf(TIME, Buffer.from("--- taken\r\n")))?.kind, "line");
  });

  it("holds the longest line within its bound", () => {
    const record = recordOf(TIME, Buffer.alloc(MAX_RECORD_BYTES, 0x1b));
    assert.ok(record.length <= MAX_RECORD_LENGTH, String(record.length));
  });

  it("is not read from what is none", () => {
    for (const line of [
      "",
      "x",
      TIME.slice(0, 20),
      `${TIME}x`,
      `20261120 ${TIME}`,
      "\0".repeat(99),
    ])
      assert.equal(parseRecord(line), undefined, line);
  });

  it("is read in any state that a crash leaves it in, without making up a byte", () => {
    fc.assert(
      fc.property(LINES, fc.nat(), (bytes, cut) => {
        const whole = Buffer.from(recordOf(TIME, bytes));
        const half = whole.subarray(0, cut % (whole.length + 1)).toString();
        const repaired = repairedRecord(half);
        const record = repaired === undefined ? undefined : parseRecord(repaired);
        if (!record) return;
        const left = bytesOf(record);
        /* a character of several bytes that was cut is seen as U+FFFD */
        if (!half.includes("\uFFFD")) assert.deepEqual(left, bytes.subarray(0, left.length));
      }),
      { numRuns: 2000 },
    );
  });
});

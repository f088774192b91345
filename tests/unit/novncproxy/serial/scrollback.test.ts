import assert from "node:assert/strict";
import * as fc from "fast-check";
import { Scrollback } from "../../../../novncproxy/serial/scrollback.ts";

function said(...texts: string[]): Scrollback {
  const scrollback = new Scrollback(4096);
  for (const text of texts) scrollback.push(Buffer.from(text));
  return scrollback;
}

function tail(scrollback: Scrollback, lines: number): string {
  return scrollback.tail(lines).bytes.toString();
}

describe("Scrollback", () => {
  it("gives the last lines, an unfinished one among them", () => {
    const scrollback = said("one\r\ntwo\r\nthr", "ee\r\nlogin: ");
    assert.equal(tail(scrollback, 1), "login: ");
    assert.equal(tail(scrollback, 2), "three\r\nlogin: ");
    assert.equal(tail(scrollback, 3), "two\r\nthree\r\nlogin: ");
    assert.equal(tail(scrollback, 100), "one\r\ntwo\r\nthree\r\nlogin: ");
    assert.equal(scrollback.tail(100).lines, 4);
    assert.equal(scrollback.tail(2).lines, 2);
  });

  it("gives nothing when there is nothing, or no line is wanted", () => {
    assert.deepEqual(said().tail(10), { bytes: Buffer.alloc(0), lines: 0 });
    assert.equal(tail(said("text\n"), 0), "");
    assert.equal(tail(said("a"), 1), "a");
    assert.equal(tail(said("\n"), 1), "\n");
  });

  it("begins with a whole line when the beginning is lost", () => {
    const scrollback = new Scrollback(20);
    scrollback.push(Buffer.from("0123456789\nabc\ndef\nghi"));
    assert.equal(tail(scrollback, 100), "abc\ndef\nghi");
    assert.equal(scrollback.tail(100).lines, 3);
  });

  it("begins with a whole character when there is no line at all", () => {
    const scrollback = new Scrollback(8);
    scrollback.push(Buffer.from("äöüäöü"));
    scrollback.push(Buffer.from("x"));
    assert.equal(tail(scrollback, 5), "äöüx");
    assert.ok(!tail(scrollback, 5).includes("\ufffd"));
    assert.ok("äöüäöüx".endsWith(tail(scrollback, 5)));
  });

  it("is always a suffix of what was said, in whole lines, within its bound", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom("a", "b", "\n", "\r", "x"), maxLength: 40 }), {
          maxLength: 30,
        }),
        fc.integer({ min: 1, max: 64 }),
        fc.integer({ min: 1, max: 20 }),
        (texts, bound, lines) => {
          const scrollback = new Scrollback(bound);
          for (const text of texts) scrollback.push(Buffer.from(text));
          const all = texts.join("");
          const kept = all.slice(-bound);
          const given = tail(scrollback, lines);
          assert.ok(all.endsWith(given));
          assert.ok(given.length <= bound);
          const parts = kept === "" ? [] : kept.replace(/\n$/, "").split("\n");
          const whole = all.length > bound && parts.length > 1 ? parts.slice(1) : parts;
          const wanted = whole.slice(-lines);
          assert.equal(given.replace(/\n$/, ""), wanted.join("\n"));
        },
      ),
      { numRuns: 500 },
    );
  });
});

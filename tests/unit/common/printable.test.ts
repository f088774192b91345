import assert from "node:assert/strict";
import * as fc from "fast-check";
import { escaped, escapedInJson, printable } from "../../../common/printable.ts";

/** Unicode's own categories, asked of the engine one character at a time. */
const UNFIT = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

describe("escaped", () => {
  for (const [text, shown] of [
    ["a\r\nb\tc", "a\\r\\nb\\tc"],
    ["\u001b[31mred\u009b0m", "\\u{1b}[31mred\\u{9b}0m"],
    ["\u202egnp.exe", "\\u{202e}gnp.exe"],
    ["a\u2028b\u2029c", "a\\u{2028}b\\u{2029}c"],
    ["half \ud800", "half \\u{d800}"],
    ["tag \u{e0041}", "tag \\u{e0041}"],
    ["Größe 机 🖥 C:\\new", "Größe 机 🖥 C:\\new"],
  ] as const)
    it(`shows ${shown} for what it stands for`, () => {
      assert.equal(escaped(text), shown);
    });
});

describe("escapedInJson", () => {
  it("leaves a line of JSON that says the same and has nothing unprintable", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const line = escapedInJson(JSON.stringify({ text }));
        assert.doesNotMatch(line, UNFIT);
        assert.deepEqual(JSON.parse(line), { text });
      }),
    );
  });
});

describe("printable", () => {
  it("leaves a text as it is that is as long as the limit", () => {
    assert.equal(printable("x".repeat(200)), "x".repeat(200));
  });

  it("cuts a longer one with an ellipsis", () => {
    assert.equal(printable("x".repeat(201)), `${"x".repeat(199)}…`);
    assert.equal(printable("abcdef", 4), "abc…");
  });

  it("cuts no escape and no character in two", () => {
    assert.equal(printable("ab\u202ecd", 8), "ab…");
    assert.equal(printable("🖥🖥🖥", 4), "🖥…");
  });

  it("is bounded and fit for one line, whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
        const shown = printable(text);
        assert.ok(shown.length <= 200);
        assert.doesNotMatch(shown, UNFIT);
      }),
    );
  });

  it("takes no time for a huge text", () => {
    const begin = performance.now();
    printable("\u202e\n".repeat(4_000_000));
    assert.ok(performance.now() - begin < 500);
  });
});

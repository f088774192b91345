import assert from "node:assert/strict";
import {
  countInWords,
  DEFAULT_CHARACTERS_PER_SECOND,
  durationInWords,
  pasteText,
  rateOf,
} from "../../../../web/terminal/paste-text.ts";

describe("a pasted text", () => {
  it("ends its lines with the Return key, wherever it was copied", () => {
    assert.equal(pasteText("unix\nwindows\r\nold mac\rend"), "unix\rwindows\rold mac\rend");
  });

  it("keeps tabs, umlauts and emoji", () => {
    assert.equal(pasteText("a\tä€😀"), "a\tä€😀");
  });

  it("presses no other keys: escape sequences, Ctrl+C and the end of a bracketed paste are left out", () => {
    assert.equal(pasteText("rm \u001B[201~x\u0003\u0000\u007F\u009B5n"), "rm [201~x5n");
  });
});

describe("the rate of a paste", () => {
  it("is what the user wrote, between 1 and 10000", () => {
    assert.deepEqual([30, 0.4, 99_999].map(rateOf), [30, 1, 10_000]);
  });

  it("is the default for an empty field", () => {
    assert.equal(rateOf(Number.NaN), DEFAULT_CHARACTERS_PER_SECOND);
    assert.equal(rateOf(-5), DEFAULT_CHARACTERS_PER_SECOND);
  });

  it("stays below what a port of 16 bytes that is looked at every 20 ms can hold", () => {
    assert.ok(DEFAULT_CHARACTERS_PER_SECOND * 0.02 <= 16);
  });
});

describe("numbers in words", () => {
  it("are read without counting digits", () => {
    assert.equal(countInWords(1234567), "1\u00A0234\u00A0567");
    assert.equal(countInWords(12), "12");
  });

  it("say a duration in the two units that matter", () => {
    assert.deepEqual([0.2, 59, 60, 500, 4000].map(durationInWords), [
      "1 s",
      "59 s",
      "1 min",
      "8 min 20 s",
      "1 h 6 min",
    ]);
  });
});

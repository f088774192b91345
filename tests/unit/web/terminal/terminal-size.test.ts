import assert from "node:assert/strict";
import { automaticFontPx, fittedSize } from "../../../../web/terminal/terminal-size.ts";

describe("the terminal's size", () => {
  it("is what fits, but never fewer than 80 columns, for which firmware draws", () => {
    assert.deepEqual(fittedSize({ cols: 148, rows: 46 }), { cols: 148, rows: 46 });
    assert.deepEqual(fittedSize({ cols: 42, rows: 5 }), { cols: 80, rows: 10 });
  });

  it("makes letters smaller until 80 columns fit, as far as they can be read", () => {
    assert.equal(automaticFontPx({ cols: 100, rows: 30 }), 14);
    assert.equal(automaticFontPx({ cols: 60, rows: 30 }), 10.5);
    assert.equal(automaticFontPx({ cols: 20, rows: 30 }), 7);
  });
});

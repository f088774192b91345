import assert from "node:assert/strict";
import { CLOSED_REASONS } from "../../../common/closed-reason.ts";
import { closingOf } from "../../../common/closing-words.ts";

describe("words about the end of a session", () => {
  for (const reason of Object.keys(CLOSED_REASONS))
    it(`are there for ${reason}, without its name`, () => {
      const { words } = closingOf(reason) ?? { words: "" };
      assert.ok(words.length > 7 && !words.includes(reason), words);
    });

  it("are none for a name that nobody knows, nor for one that objects have", () => {
    assert.equal(closingOf("new_reason"), undefined);
    assert.equal(closingOf("constructor"), undefined);
  });
});

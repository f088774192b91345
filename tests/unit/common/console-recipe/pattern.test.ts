import assert from "node:assert/strict";
import { PageError } from "../../../../common/errors.ts";
import {
  matchesPattern,
  matchPattern,
  patternMistake,
  replacePattern,
} from "../../../../common/console-recipe/pattern.ts";

describe("a recipe's regular expressions", () => {
  for (const source of [
    "(a+)+",
    "(?:x*y)*",
    "((a|b{2,})c){3,}",
    "(\\d+,)*",
    "([^)]+)+",
    "(?:(?:a*))+",
  ])
    it(`refuse ${source}, which repeats a repetition`, () => {
      assert.match(patternMistake(source) ?? "", /forever/);
    });

  for (const source of [
    "a+b*",
    "(ab)+",
    "(?:a|b){2}",
    "\\(a+\\)+",
    "[(a+)]+",
    "(a+)?",
    "iLO [4-7]",
    "a{3}",
  ])
    it(`take ${source}`, () => {
      assert.equal(patternMistake(source), undefined);
    });

  it("refuse what is none, or long", () => {
    assert.match(patternMistake("(") ?? "", /is no regular expression/);
    assert.match(patternMistake("a".repeat(1025)) ?? "", /longer than 1024/);
  });

  it("do not mind case, and give their groups", () => {
    assert.deepEqual(matchPattern("sid=(\\w+)(x)?", "my SID=abc;"), ["SID=abc", "abc", ""]);
    assert.ok(matchesPattern("ÜBER", "über"));
    assert.equal(matchPattern("a", "b"), undefined);
  });

  it("end soon, whatever text they meet", () => {
    const begun = performance.now();
    const text = "x".repeat(65_000);
    assert.throws(() => matchesPattern(".*x.*x.*y", text), PageError);
    assert.throws(() => replacePattern(".*x.*x.*y", text, ""), PageError);
    assert.ok(performance.now() - begun < 5000);
  });

  it("look at 64 KiB of a text", () => {
    assert.ok(matchesPattern("y", `${"x".repeat(65_535)}y`));
    assert.ok(!matchesPattern("y", `${"x".repeat(65_536)}y`));
  });

  it("replace every match by the text as it stands", () => {
    assert.equal(replacePattern("b(.)", "abc abd", "$1"), "a$1 a$1");
    assert.equal(replacePattern("a", "x".repeat(65_537), ""), undefined);
  });
});

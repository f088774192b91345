import assert from "node:assert/strict";
import { selectorMistake } from "../../../../common/console-recipe/selector.ts";

/* As in Selectors Level 4; Chromium's querySelector takes the first list and throws for the second. */
const GOOD = [
  "#user",
  "input[name=name]",
  'button[type="submit"]:not([disabled])',
  "canvas#kvm.big > div",
  "a, b , c",
  "*",
  "ul li:nth-child(2n + 1) ~ p",
  "#a\\:b",
  "[data-x='a]b']",
  "::part(x)",
  "div:has(> img)",
  "--x",
];
const BAD = [
  "",
  " ",
  "#",
  "a >",
  "> a",
  "a,,b",
  "[x",
  "x]",
  "a:not(b",
  '[a="b]',
  "1a",
  "a:",
  "a..b",
  ".1",
  "a)",
];

describe("a selector", () => {
  for (const selector of GOOD)
    it(`may be ${selector}`, () => assert.equal(selectorMistake(selector), undefined));
  for (const selector of BAD)
    it(`may not be "${selector}"`, () => assert.notEqual(selectorMistake(selector), undefined));

  it("is judged in linear time", () => {
    const begun = performance.now();
    for (const part of ["[", "(", "a>", "#a", "\\", '"', ":not(", "[a]"])
      selectorMistake(part.repeat(512 / part.length));
    assert.ok(performance.now() - begun < 1000);
  });
});

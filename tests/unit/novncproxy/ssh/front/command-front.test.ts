/** Commands that may stand behind the host's name. */
import assert from "node:assert/strict";
import { lastLines, parseCommand } from "../../../../../novncproxy/ssh/front/command-front.ts";

describe("a command over ssh", () => {
  for (const [text, wanted] of [
    ["who", { name: "who" }],
    [" break ", { name: "break" }],
    ["replay", { name: "replay", lines: 60 }],
    ["replay 5", { name: "replay", lines: 5 }],
    ["replay 999999", { name: "replay", lines: 100_000 }],
  ] as const)
    it(`"${text}" is one`, () => assert.deepEqual(parseCommand(text), wanted));

  for (const text of [
    "",
    "who am i",
    "replay -1",
    "replay 1e3",
    "replay 5 6",
    "sh",
    "x".repeat(99),
  ])
    it(`"${text.slice(0, 20)}" is none`, () => assert.equal(parseCommand(text), undefined));
});

describe("the last lines", () => {
  for (const [text, lines, wanted] of [
    ["a\nb\nc\n", 2, "b\nc\n"],
    ["a\nb\nc", 2, "b\nc"],
    ["a\nb\n", 5, "a\nb\n"],
    ["a\n\n\n", 1, "\n"],
    ["a\nb\n", 0, ""],
    ["", 3, ""],
    ["\n", 1, "\n"],
  ] as const)
    it(`${JSON.stringify(text)}: ${lines} of them`, () =>
      assert.equal(lastLines(Buffer.from(text), lines).toString(), wanted));
});

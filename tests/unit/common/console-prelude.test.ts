import assert from "node:assert/strict";
import { assert as assertProperty, json, oneof, property, string } from "fast-check";
import {
  parsePreludeLine,
  PRELUDE_LINE_LIMIT,
  preludeLine,
  START_FAILURES,
  type PreludeMessage,
} from "../../../common/console-prelude.ts";
import { NAMED_WORDS } from "../../../web/reason-words.ts";

const MESSAGES: readonly PreludeMessage[] = [
  { type: "step", step: "queue", elapsedMs: 0, position: 12 },
  { type: "step", step: "login", elapsedMs: 1500 },
  { type: "bmc", answers: false },
  { type: "failed", step: "login", failure: "wrong_password" },
];

describe("the prelude of a console", () => {
  for (const message of MESSAGES)
    it(`says and reads ${message.type}`, () => {
      const line = preludeLine(message);
      assert.ok(line.startsWith("{") && line.endsWith("\n") && line.length < PRELUDE_LINE_LIMIT);
      assert.deepEqual(parsePreludeLine(line.trimEnd()), message);
    });

  it("passes over what a newer conductor may say", () => {
    for (const line of [
      '{"type":"weather"}',
      '{"type":"step","step":"dance","elapsedMs":1}',
      "{}",
      "{",
    ])
      assert.equal(parsePreludeLine(line), undefined);
  });

  it("reads anything without an error", () => {
    assertProperty(
      property(oneof(json(), string()), (line) => {
        parsePreludeLine(line);
      }),
    );
  });

  it("has words on the page for each failure", () => {
    for (const code of Object.values(START_FAILURES))
      assert.ok(Object.hasOwn(NAMED_WORDS, code), `${code} has no words`);
  });
});

import assert from "node:assert/strict";
import type { Option } from "../../../../common/config/option.ts";
import { parseOptionValue } from "../../../../common/config/value.ts";

const integer: Option = { type: "integer", default: 5, min: 1, max: 10, help: "" };
const boolean: Option = { type: "boolean", default: false, help: "" };
const list: Option = { type: "list", default: [], help: "" };
const choice: Option = { type: "string", default: "a", choices: ["a", "b"], help: "" };

describe("parseOptionValue", () => {
  for (const text of ["1", "10", " 7 "])
    it(`takes the whole number "${text}"`, () => {
      assert.deepEqual(parseOptionValue(integer, text), { value: Number(text) });
    });

  for (const text of ["", "x", "1.5", "1e3", "0x10", "99999999999999999999", "0", "11", "-1"])
    it(`refuses "${text}" as a whole number from 1 to 10`, () => {
      const parsed = parseOptionValue(integer, text);
      assert.ok("mistake" in parsed);
      assert.match(parsed.mistake, /^must be /);
    });

  for (const [text, value] of Object.entries({
    true: true,
    True: true,
    yes: true,
    on: true,
    "1": true,
    false: false,
    No: false,
    off: false,
    "0": false,
  }))
    it(`reads the boolean "${text}"`, () => {
      assert.deepEqual(parseOptionValue(boolean, text), { value });
    });

  it("refuses another word as a boolean", () => {
    assert.deepEqual(parseOptionValue(boolean, "maybe"), {
      mistake: 'must be true or false, not "maybe"',
    });
  });

  it("splits lists at commas and lines, without blanks and empty items", () => {
    assert.deepEqual(parseOptionValue(list, " a, b ,,c\nd,"), { value: ["a", "b", "c", "d"] });
    assert.deepEqual(parseOptionValue(list, ""), { value: [] });
  });

  it("names the choices when a text is none of them", () => {
    assert.deepEqual(parseOptionValue(choice, "c"), { mistake: 'must be one of a, b, not "c"' });
  });
});

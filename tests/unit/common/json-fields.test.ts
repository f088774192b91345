import assert from "node:assert/strict";
import { fieldsOf, fieldsOfEach, parseFields, parseJson } from "../../../common/json-fields.ts";

describe("JSON from elsewhere", () => {
  for (const text of ["", "{", "null", "7", '"a"', "[]", '[{"a":1}]'])
    it(`has no fields as ${text || "nothing"}`, () => {
      assert.equal(parseFields(text), undefined);
      assert.deepEqual(fieldsOf(parseJson(text)), {});
    });

  it("has the fields of an object", () => {
    assert.deepEqual(parseFields('{"a":1}'), { a: 1 });
    assert.deepEqual(fieldsOfEach([{ a: 1 }, 7, null]), [{ a: 1 }, {}, {}]);
    assert.deepEqual(fieldsOfEach({ a: 1 }), []);
  });
});

/** What JSON a node's object field may hold. */
import assert from "node:assert/strict";
import * as fc from "fast-check";
import { refuseUnstorable } from "../../../../api/v1/storable.ts";
import { InvalidParameterValue } from "../../../../common/errors.ts";
import type { Json } from "../../../../common/node.ts";

const nested = (levels: number): Json => {
  let value: Json = {};
  for (let level = 1; level < levels; level += 1) value = { a: value };
  return value;
};

describe("refuseUnstorable", () => {
  for (const number of ["1e400", "-1e400", "9223372036854775807", "9007199254740993", "-1e300"])
    it(`refuses ${number}, which would be stored changed, and names its place`, () => {
      assert.throws(
        () => refuseUnstorable(JSON.parse(`{"a": [1, {"b": ${number}}]}`) as Json, "extra"),
        (error: Error) => {
          assert.ok(error instanceof InvalidParameterValue);
          assert.match(error.message, /^Invalid extra\/a\/1\/b: a number beyond 9007199254740991 /);
          return true;
        },
      );
    });

  for (const number of ["0.1", "-1.5e-7", "9007199254740991", "-9007199254740991", "1e15"])
    it(`takes ${number}`, () => refuseUnstorable(JSON.parse(`{"a": ${number}}`) as Json, "extra"));

  it("takes 25 levels and refuses 26", () => {
    refuseUnstorable(nested(25), "extra");
    assert.throws(() => refuseUnstorable(nested(26), "extra"), /extra: nested deeper than 25/);
  });

  it("does not exhaust the stack on a million levels", () => {
    assert.throws(() => refuseUnstorable(nested(1_000_000), "extra"), InvalidParameterValue);
  });

  /* The oracle is exact arithmetic. */
  it("takes a whole number only when JSON gives back the same digits", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), (whole) => {
        const value = JSON.parse(String(whole)) as number;
        try {
          refuseUnstorable({ a: value }, "extra");
        } catch {
          return;
        }
        assert.equal(JSON.stringify(value), String(whole));
      }),
    );
  });
});

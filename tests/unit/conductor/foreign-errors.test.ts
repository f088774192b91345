import assert from "node:assert/strict";
import {
  HostTimeout,
  InvalidParameterValue,
  MissingParameterValue,
} from "../../../common/errors.ts";
import { ourError } from "../../../conductor/foreign-errors.ts";

/** What another copy of this package would throw: same facts, another class. */
function foreign(code: string, status: number, message: string): Error {
  return Object.assign(new Error(message), { code, status, closeCode: 1008, safe: true });
}

describe("ourError", () => {
  it("makes the error of another copy of this package ours", () => {
    const sent = foreign("MISSING_PARAMETER_VALUE", 400, "acme_port is missing");
    const ours = ourError(sent);
    assert.ok(ours instanceof MissingParameterValue);
    assert.ok(ours instanceof InvalidParameterValue);
    assert.equal(ours.message, "acme_port is missing");
    assert.equal(ours.cause, sent);
  });

  it("leaves our own errors, system errors and other values as they are", () => {
    const system = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
    for (const thrown of [new HostTimeout("x"), system, new Error("x"), "text", undefined])
      assert.equal(ourError(thrown), thrown);
  });
});

import assert from "node:assert/strict";
import { rangeOf, rangeStillHolds } from "../../../api/image-range.ts";

const GIB = 1024 ** 3;

describe("the Range header of a request for an image", () => {
  for (const [header, size, expected] of [
    ["bytes=0-499", 10_000, { first: 0, last: 499 }],
    ["bytes=500-999", 10_000, { first: 500, last: 999 }],
    ["bytes=-500", 10_000, { first: 9500, last: 9999 }],
    ["bytes=9500-", 10_000, { first: 9500, last: 9999 }],
    ["bytes=0-0", 10_000, { first: 0, last: 0 }],
    ["bytes=9999-20000", 10_000, { first: 9999, last: 9999 }],
    ["bytes=-20000", 10_000, { first: 0, last: 9999 }],
    ["Bytes = 1 - 2 ", 10_000, { first: 1, last: 2 }],
    [`bytes=${5 * GIB}-${5 * GIB + 1}`, 8 * GIB, { first: 5 * GIB, last: 5 * GIB + 1 }],
    ["bytes=10000-", 10_000, "unsatisfiable"],
    ["bytes=-0", 10_000, "unsatisfiable"],
    ["bytes=999999999999999-", 10_000, "unsatisfiable"],
    [undefined, 10_000, "whole"],
    ["", 10_000, "whole"],
    ["bytes=5-4", 10_000, "whole"],
    ["bytes=0-1,4-5", 10_000, "whole"],
    ["bytes=a-b", 10_000, "whole"],
    ["bytes=--1", 10_000, "whole"],
    ["bytes=-", 10_000, "whole"],
    ["items=0-1", 10_000, "whole"],
    [`bytes=${"9".repeat(400)}-`, 10_000, "whole"],
  ] as const)
    it(`"${header?.slice(0, 30)}" of ${size} bytes, as RFC 9110 section 14 says`, () => {
      assert.deepEqual(rangeOf(header, size), expected);
    });

  for (const [ifRange, holds] of [
    [undefined, true],
    ['"abc"', true],
    ['"abd"', false],
    ['W/"abc"', false],
    ["Sat, 29 Oct 1994 19:43:31 GMT", true],
    ["Sat, 29 Oct 1994 19:43:32 GMT", false],
    ["nonsense", false],
  ] as const)
    it(`If-Range ${ifRange} ${holds ? "lets" : "does not let"} it count`, () => {
      const modified = Date.UTC(1994, 9, 29, 19, 43, 31) / 1000;
      assert.equal(rangeStillHolds(ifRange, '"abc"', modified), holds);
    });
});

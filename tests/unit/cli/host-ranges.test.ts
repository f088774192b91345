import assert from "node:assert/strict";
import * as fc from "fast-check";
import { expandNodes, MOST_NAMES } from "../../../cli/host-ranges.ts";
import { InvalidParameterValue } from "../../../common/errors.ts";

/* By hand, as bash expands the same with braces. */
const EXPANDED: readonly (readonly [string[], string[]])[] = [
  [["n1"], ["n1"]],
  [["a,b,c"], ["a", "b", "c"]],
  [["osl0[1-6]"], ["osl01", "osl02", "osl03", "osl04", "osl05", "osl06"]],
  [["n[8-11]"], ["n8", "n9", "n10", "n11"]],
  [["n[08-11]"], ["n08", "n09", "n10", "n11"]],
  [["n[098-101]"], ["n098", "n099", "n100", "n101"]],
  [["n[01-02,15]"], ["n01", "n02", "n15"]],
  [["n[5]"], ["n5"]],
  [["n[0-1]"], ["n0", "n1"]],
  [["r[1-2]-n[01-02]"], ["r1-n01", "r1-n02", "r2-n01", "r2-n02"]],
  [["[1-2].example"], ["1.example", "2.example"]],
  [
    ["a", "n[1-2],b", "a"],
    ["a", "n1", "n2", "b"],
  ],
  [["f0e1d2c3-0000-4000-8000-000000000001"], ["f0e1d2c3-0000-4000-8000-000000000001"]],
];

const REFUSED: readonly (readonly [string, RegExp])[] = [
  ["", /no node/],
  ["a,,b", /no node/],
  ["a,", /no node/],
  ["n[1-", /brackets in "n\[1-"/],
  ["n1]", /brackets/],
  ["n[1[2]]", /brackets/],
  ["n[]", /"" in "n\[\]"/],
  ["n[a-b]", /"a-b" in "n\[a-b\]".*UUID/],
  ["n[1-2-3]", /"1-2-3"/],
  ["n[-3]", /"-3"/],
  ["n[6-1]", /6 comes after 1/],
  ["n[1-99999999999999999999]", /is no range/],
  [`n[1-${MOST_NAMES + 1}]`, /more than 10000 names/],
  ["n[1-200]x[1-200]", /more than 10000 names/],
  ["n[1-9999]x[1-9999]x[1-9999]x[1-9999]", /more than 10000 names/],
];

describe("NODES on the command line", () => {
  for (const [args, names] of EXPANDED)
    it(`${args.join(" ")} are ${names.join(" ")}`, () => {
      assert.deepEqual(expandNodes(args), names);
    });

  for (const [text, message] of REFUSED)
    it(`are refused as ${JSON.stringify(text)}`, () => {
      assert.throws(
        () => expandNodes([text]),
        (error) => error instanceof InvalidParameterValue && message.test(error.message),
      );
    });

  it(`are ${MOST_NAMES} at most, over all arguments`, () => {
    assert.equal(expandNodes([`n[1-${MOST_NAMES}]`]).length, MOST_NAMES);
    assert.throws(() => expandNodes([`n[1-${MOST_NAMES}]`, "one-more"]), /more than 10000/);
  });

  it("are refused or listed at once, whatever they are", () => {
    const text = fc.string({ unit: fc.constantFrom("n", "1", "0", "9", "[", "]", "-", ",") });
    fc.assert(
      fc.property(text, (arg) => {
        try {
          assert.ok(expandNodes([arg]).length <= MOST_NAMES);
        } catch (error) {
          assert.ok(error instanceof InvalidParameterValue, String(error));
        }
      }),
    );
  });
});

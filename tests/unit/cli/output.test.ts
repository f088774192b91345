import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { printFields, printRows } from "../../../cli/output.ts";
import { systemClock } from "../../../common/clock.ts";
import type { CliIo } from "../../../cli/cli-io.ts";

/** Sets a title, clears the screen (also by a C1 control), turns the writing direction. */
const HOSTILE = "\u001b]0;x\u0007\u009b2J\u202eFan\n1";

function printed(print: (io: CliIo) => void): string {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  print({ env: {}, stdin: new PassThrough(), stdout, stderr, clock: systemClock });
  return String(stdout.read());
}

describe("output", () => {
  it("is a table with columns as wide as they must be", () => {
    const rows = [
      { node: "n1", power_state: "power on" },
      { node: "longer", power_state: null },
    ];
    assert.equal(
      printed((io) => printRows(io, rows, ["node", "power_state"], false)),
      "node    power_state\nn1      power on\nlonger  -\n",
    );
  });

  it("has every column in JSON, also where there is nothing", () => {
    const text = printed((io) => printRows(io, [{ a: 1 }], ["a", "b"], true));
    assert.deepEqual(JSON.parse(text), [{ a: 1, b: null }]);
  });

  for (const asJson of [false, true])
    it(`does not steer the terminal with a machine's words, ${asJson ? "JSON" : "tables"}`, () => {
      const text = printed((io) => {
        printRows(io, [{ name: HOSTILE }], ["name"], asJson);
        printFields(io, { name: HOSTILE }, asJson);
      });
      assert.doesNotMatch(text.replaceAll("\n", ""), /[\p{Cc}\p{Cf}]/u);
      if (asJson) return;
      assert.equal(text.trimEnd().split("\n").length, 3);
    });

  it("in JSON says what it said", () => {
    const text = printed((io) => printFields(io, { name: HOSTILE }, true));
    assert.deepEqual(JSON.parse(text), { name: HOSTILE });
  });
});

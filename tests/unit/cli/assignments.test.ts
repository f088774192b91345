import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAssignments } from "../../../cli/assignments.ts";

describe("KEY=VALUE arguments", () => {
  const values = (...args: string[]): object => ({ ...parseAssignments(args) });

  it("are JSON where they can be, else text", () => {
    assert.deepEqual(values("a=1", "b=true", 'c={"d":[1]}', "e=x", "f=", "g=a=b", "h=1.2.3.4"), {
      a: 1,
      b: true,
      c: { d: [1] },
      e: "x",
      f: "",
      g: "a=b",
      h: "1.2.3.4",
    });
  });

  it("are text for passwords, even of digits", () => {
    assert.deepEqual(values("vnc_password=12345678"), { vnc_password: "12345678" });
  });

  it("come from a file with @, without its last line end", () => {
    const folder = mkdtempSync(join(tmpdir(), "bmc-assign-"));
    try {
      writeFileSync(join(folder, "pw"), "calvin\n");
      assert.deepEqual(values(`vnc_password=@${join(folder, "pw")}`), { vnc_password: "calvin" });
      assert.throws(() => values(`k=@${join(folder, "none")}`), /^[^]*k: cannot read/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("begin with one @ when there are two", () => {
    assert.deepEqual(values("a=@@b"), { a: "@b" });
  });

  for (const text of ["", "novalue", "=x"])
    it(`are refused as ${JSON.stringify(text)}, without repeating the text`, () => {
      assert.throws(
        () => values(text),
        (error: Error) => /KEY=VALUE/.test(error.message) && !/novalue/.test(error.message),
      );
    });

  it("do not reach JavaScript's own names", () => {
    const parsed = parseAssignments(["__proto__=1"]);
    assert.deepEqual(Object.keys(parsed), ["__proto__"]);
    assert.equal(({} as Record<string, unknown>)["1"], undefined);
  });
});

import assert from "node:assert/strict";
import * as fc from "fast-check";
import { parseIni } from "../../../../common/config/ini.ts";

function valuesOf(text: string): [string, string, string][] {
  const { entries, mistakes } = parseIni(text);
  assert.deepEqual(mistakes, []);
  return entries.map(({ group, name, value }) => [group, name, value]);
}

/*
 * Expectations were compared with oslo.config's own parser. Two differences are on purpose: it drops a
 * value that is one lone quote, and keeps blanks inside the brackets of a group.
 */
describe("parseIni", () => {
  it("keeps ; and # inside a value, which passwords hold", () => {
    assert.deepEqual(valuesOf("password = s3cr;et#x"), [["DEFAULT", "password", "s3cr;et#x"]]);
  });

  it("takes a colon as well as an equals sign", () => {
    assert.deepEqual(valuesOf("[vnc]\nport: 6090"), [["vnc", "port", "6090"]]);
  });

  it("keeps further equals signs and colons in the value", () => {
    assert.deepEqual(valuesOf("connection = postgresql://u:p@h/db?a=b"), [
      ["DEFAULT", "connection", "postgresql://u:p@h/db?a=b"],
    ]);
  });

  it("drops lines that begin with # or ;", () => {
    assert.deepEqual(valuesOf("# a = 1\n; b = 2\nc = 3"), [["DEFAULT", "c", "3"]]);
  });

  it("continues a value on indented lines", () => {
    assert.deepEqual(valuesOf("list = a,\n  b,\n\tc\nnext = d"), [
      ["DEFAULT", "list", "a,\nb,\nc"],
      ["DEFAULT", "next", "d"],
    ]);
  });

  it("drops one pair of equal quotes around a whole value", () => {
    assert.deepEqual(valuesOf(`a = " x "\nb = 'y'\nc = "z'\nd = "`), [
      ["DEFAULT", "a", " x "],
      ["DEFAULT", "b", "y"],
      ["DEFAULT", "c", `"z'`],
      ["DEFAULT", "d", `"`],
    ]);
  });

  it("keeps empty values and groups with blanks around their names", () => {
    assert.deepEqual(valuesOf("[ api ]\nhost =\r\n"), [["api", "host", ""]]);
  });

  it("names the line that it does not understand, and goes on", () => {
    const { entries, mistakes } = parseIni("a = 1\nnonsense\n  continuation\nb = 2");
    assert.deepEqual(
      entries.map(({ name, line }) => [name, line]),
      [
        ["a", 1],
        ["b", 4],
      ],
    );
    assert.equal(mistakes.length, 2);
    assert.match(mistakes[0] ?? "", /^line 2: .*"nonsense"/);
    assert.match(mistakes[1] ?? "", /^line 3: a continuation/);
  });

  it("survives any text", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        const { entries, mistakes } = parseIni(text);
        assert.ok(entries.length + mistakes.length <= text.split("\n").length);
      }),
    );
  });
});

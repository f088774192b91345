import assert from "node:assert/strict";
import { builtPage, withParts } from "./built-pages.ts";

const CARD = new Map([["card", "<p>$& and $1</p>"]]);

function pages(html: string): Map<string, string> {
  return new Map([["index.html", html]]);
}

describe("what the pages share", () => {
  it("is put in at its marks as it is, in every page", () => {
    const both = new Map([
      ["index.html", "<b><!-- part: card --></b>"],
      ["serial.html", "<i><!-- part: card --></i>"],
    ]);
    assert.deepEqual(
      [...withParts(both, CARD).values()],
      ["<b><p>$& and $1</p></b>", "<i><p>$& and $1</p></i>"],
    );
  });

  it("fails the build when a mark names no part", () => {
    const html = "<!-- part: card --><!-- part: crad -->";
    assert.throws(() => withParts(pages(html), CARD), /index\.html wants the part crad/);
  });

  it("fails the build when no page has a mark for a part", () => {
    assert.throws(() => withParts(pages("<p></p>"), CARD), /no page uses web\/parts: card/);
  });

  it("fails the build when a mark is misspelt or is inside a part", () => {
    const misspelt = "<!-- part: card --><!-- parts: card -->";
    assert.throws(() => withParts(pages(misspelt), CARD), /not a mark of a part: <!-- parts: card/);
    const nested = new Map([["card", "<!-- part: card -->"]]);
    assert.throws(() => withParts(pages("<!-- part: card -->"), nested), /not a mark of a part/);
  });

  for (const name of ["index.html", "serial.html"] as const) {
    it(`leaves each id once in ${name}`, () => {
      const ids = [...builtPage(name).matchAll(/\sid="([^"]+)"/g)].map((found) => found[1]);
      assert.ok(ids.includes("card-title") && ids.includes("i-full"));
      assert.deepEqual(ids, [...new Set(ids)]);
    });
  }
});

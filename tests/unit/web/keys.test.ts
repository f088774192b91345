import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../../common/package-root.ts";
import { keyNamed, keysymForCharacter, MODIFIERS } from "../../../web/key-table.ts";
import { typedDifference } from "../../../web/typed-difference.ts";
import { builtPage } from "./built-pages.ts";

/** noVNC's own table of X11 keysyms, made from X.org's keysymdef.h. */
const KEYSYMS = readFileSync(
  join(packageRoot(), "node_modules/@novnc/novnc/core/input/keysym.js"),
  "utf8",
);

function keysym(name: string): number {
  const found = new RegExp(`XK_${name}:\\s+(0x[0-9a-f]+)`).exec(KEYSYMS)?.[1];
  return Number(found ?? assert.fail(name));
}

describe("the key table", () => {
  const names: Record<string, string> = {
    Escape: "Escape",
    Tab: "Tab",
    Enter: "Return",
    Backspace: "BackSpace",
    Insert: "Insert",
    Delete: "Delete",
    Home: "Home",
    End: "End",
    PageUp: "Page_Up",
    PageDown: "Page_Down",
    ArrowUp: "Up",
    ArrowDown: "Down",
    ArrowLeft: "Left",
    ArrowRight: "Right",
    PrintScreen: "Print",
    F1: "F1",
    F12: "F12",
  };
  for (const [name, x11] of Object.entries(names)) {
    it(`has X11's number for ${name}`, () => {
      assert.equal(keyNamed(name)?.keysym, keysym(x11));
      assert.equal(keyNamed(name)?.code, name);
    });
  }

  it("has X11's numbers for the modifiers", () => {
    assert.deepEqual(
      Object.values(MODIFIERS).map((key) => key.keysym),
      ["Control_L", "Alt_L", "Shift_L", "Super_L"].map(keysym),
    );
  });

  it("knows every key that the page offers", () => {
    const html = builtPage("index.html");
    const chords = [...html.matchAll(/data-key="([^"]+)"/g)].map((match) => match[1] ?? "");
    assert.ok(chords.length > 20);
    for (const chord of chords) {
      const parts = chord.split("+");
      assert.ok(keyNamed(parts.pop() ?? ""), chord);
      for (const part of parts) assert.ok(Object.hasOwn(MODIFIERS, part), chord);
    }
    for (const [, hold] of html.matchAll(/data-hold="([^"]+)"/g))
      assert.ok(Object.hasOwn(MODIFIERS, hold ?? ""), hold);
  });

  it("does not know other names", () => {
    for (const name of ["F13", "F0", "constructor", ""]) assert.equal(keyNamed(name), undefined);
  });

  it("turns characters into keysyms by the X protocol's rule", () => {
    assert.equal(keysymForCharacter("a"), 0x61);
    assert.equal(keysymForCharacter("é"), 0xe9);
    assert.equal(keysymForCharacter("€"), 0x0100_20ac);
    assert.equal(keysymForCharacter("😀"), 0x0101_f600);
    assert.equal(keysymForCharacter("\n"), keysym("Return"));
    assert.equal(keysymForCharacter("\u0007"), undefined);
    assert.equal(keysymForCharacter(""), undefined);
  });
});

describe("text typed on a screen keyboard", () => {
  it("is what was added at the end", () => {
    assert.deepEqual(typedDifference("__", "__ab"), { backspaces: 0, text: "ab" });
  });

  it("is backspaces when the end went away", () => {
    assert.deepEqual(typedDifference("__ab", "__"), { backspaces: 2, text: "" });
  });

  it("replaces a word that the keyboard corrected, counting characters and not halves", () => {
    assert.deepEqual(typedDifference("_te😀h", "_teh"), { backspaces: 2, text: "h" });
  });
});

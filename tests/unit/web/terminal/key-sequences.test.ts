import assert from "node:assert/strict";
import { controlCharacter, sequenceFor } from "../../../../web/terminal/key-sequences.ts";
import { builtPage } from "../built-pages.ts";

describe("keys on a serial line", () => {
  /* Debian 12: infocmp -1 xterm, kf1 kf5 kf12 kich1 kdch1 kpp kbs */
  const xterm: [string, string][] = [
    ["F1", "\u001BOP"],
    ["F5", "\u001B[15~"],
    ["F12", "\u001B[24~"],
    ["Insert", "\u001B[2~"],
    ["Delete", "\u001B[3~"],
    ["PageUp", "\u001B[5~"],
    ["Backspace", "\u007F"],
  ];
  for (const [key, sequence] of xterm) {
    it(`send for ${key} what terminfo has for xterm`, () => {
      assert.equal(sequenceFor(key, false), sequence);
    });
  }

  it("send cursor keys as the machine asked for them", () => {
    assert.equal(sequenceFor("ArrowUp", false), "\u001B[A");
    assert.equal(sequenceFor("ArrowUp", true), "\u001BOA");
  });

  it("make control characters of letters and a few signs, and of nothing else", () => {
    assert.deepEqual(["c", "C", "[", "\\", " ", "?"].map(controlCharacter), [
      "\u0003",
      "\u0003",
      "\u001B",
      "\u001C",
      "\u0000",
      "\u007F",
    ]);
    assert.equal(controlCharacter("1"), undefined);
    assert.equal(controlCharacter("ä"), undefined);
  });

  it("exist for every key that the page offers", () => {
    const page = builtPage("serial.html");
    const names = [...page.matchAll(/data-key="([^"]+)"/g)].map((found) => found[1] ?? "");
    assert.ok(names.length > 30);
    assert.deepEqual(
      names.filter((name) => sequenceFor(name, false) === undefined),
      [],
    );
    assert.equal(sequenceFor("constructor", false), undefined);
  });
});

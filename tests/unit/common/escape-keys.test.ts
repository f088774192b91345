import assert from "node:assert/strict";
import * as fc from "fast-check";
import {
  EscapeKeys,
  escapeHelp,
  NO_ESCAPE,
  type EscapeStyle,
  type Typed,
} from "../../../common/escape-keys.ts";

const BOTH: EscapeStyle = { character: "~".charCodeAt(0), conserver: true };
const CONSERVER: EscapeStyle = { character: undefined, conserver: true };
const CTRL_E = "\u0005";

/** What happens, as one text: passed bytes as they are, commands in angle brackets. */
function typed(keys: string, style = BOTH): string {
  const state = new EscapeKeys(style);
  return shown(state.feed(Buffer.from(keys, "latin1")));
}

function shown(all: readonly Typed[]): string {
  return all
    .map((one) => {
      if ("bytes" in one) return one.bytes.toString("latin1");
      return "command" in one ? `<${one.command}>` : `<no ${one.unknown}>`;
    })
    .join("");
}

/* The left column as ssh(1) and conserver's console(1) describe it. */
const CASES: readonly (readonly [string, string, string])[] = [
  ["detaches by ~. at first", "~.", "<detach>"],
  ["detaches by ~. after Enter", "ls\r~.", "ls\r<detach>"],
  ["takes a line feed for Enter too", "ls\n~.", "ls\n<detach>"],
  ["passes ~. on in the middle of a line", "cp a~.\r", "cp a~.\r"],
  ["sends one ~ for two", "~~.\r", "~.\r"],
  ["passes on what follows ~ when it is no command", "~/bin\r", "~/bin\r"],
  ["takes ~ after ~ and Enter", "~\r~.", "~\r<detach>"],
  ["sends a break", "~B", "<break>"],
  ["leaves a small b alone", "~b", "~b"],
  ["replays, says who, takes over, helps", "~R~W~T~?", "<replay><who><take_control><help>"],
  ["detaches by ^Ec. anywhere in a line", `ls${CTRL_E}c.`, "ls<detach>"],
  ["sends a break by ^Ecl0 and ^Ecb", `${CTRL_E}cl0${CTRL_E}cb`, "<break><break>"],
  [
    "has conserver's replay, who, force, help",
    `${CTRL_E}cr${CTRL_E}cw${CTRL_E}cf${CTRL_E}c?`,
    "<replay><who><take_control><help>",
  ],
  ["passes nothing on of an unknown ^Ec", `a${CTRL_E}cxb`, "a<no x>b"],
  ["says which break it does not know", `${CTRL_E}cl9`, "<no l9>"],
  ["passes ^E on when no c follows", `a${CTRL_E}b`, `a${CTRL_E}b`],
  ["passes ^E ^E on as one and goes on looking", `${CTRL_E}${CTRL_E}c.`, `${CTRL_E}<detach>`],
  ["knows the beginning of a line after ^Ec too", `a\r${CTRL_E}cw~.`, "a\r<who><detach>"],
  ["passes ^Ec on for ^Ec^E", `${CTRL_E}c${CTRL_E}c.`, `${CTRL_E}cc.`],
  ["passes on bytes that are no text", "\u0000\u00ff\u001b[A", "\u0000\u00ff\u001b[A"],
];

describe("escape keys", () => {
  for (const [what, keys, result] of CASES)
    it(what, () => {
      assert.equal(typed(keys), result);
    });

  for (const [what, keys, result] of CASES)
    it(`${what}, also key by key`, () => {
      const state = new EscapeKeys(BOTH);
      const all = [...Buffer.from(keys, "latin1")].map((key) => shown(state.feed([key] as never)));
      assert.equal(all.join(""), result);
    });

  it("pass everything on when both are off", () => {
    const keys = `~.\r~.${CTRL_E}c.~~`;
    assert.equal(typed(keys, NO_ESCAPE), keys);
  });

  it("leave ~ to somebody else's escape when there is only ^Ec", () => {
    assert.equal(typed(`~.\r~.${CTRL_E}c.`, CONSERVER), "~.\r~.<detach>");
  });

  it("take another character instead of ~", () => {
    const style = { character: 0x1d, conserver: false };
    assert.equal(typed("~.\r\u001d.", style), "~.\r<detach>");
    assert.equal(typed("\u001d\u001d", style), "\u001d");
  });

  it("give a held ^E away when nothing follows, and then no c makes it a command", () => {
    const state = new EscapeKeys(BOTH);
    assert.equal(shown(state.feed(Buffer.from(CTRL_E))), "");
    assert.ok(state.holds);
    assert.equal(shown(state.flush()), CTRL_E);
    assert.equal(shown(state.feed(Buffer.from("c."))), "c.");
    assert.equal(shown(state.flush()), "");
  });

  it("lose and invent nothing in keys without an escape", () => {
    const bytes = fc.uint8Array({ maxLength: 200 }).map((all) => all.filter((b) => b !== 5));
    fc.assert(
      fc.property(bytes, (keys) => {
        const out = new EscapeKeys(CONSERVER).feed(keys);
        const passed = out.flatMap((one) => ("bytes" in one ? [one.bytes] : []));
        assert.deepEqual(Buffer.concat(passed), Buffer.from(keys));
      }),
    );
  });

  it("mean the same in pieces as at once", () => {
    const keys = fc.array(fc.constantFrom(...Array.from("~.B?\rcl0x\u0005")), { maxLength: 40 });
    fc.assert(
      fc.property(keys, (all) => {
        const state = new EscapeKeys(BOTH);
        const pieces = all.map((key) => shown(state.feed(Buffer.from(key))));
        assert.equal(pieces.join(""), typed(all.join("")));
      }),
    );
  });

  it("are explained as they are set", () => {
    assert.match(escapeHelp(BOTH).join("\n"), /^~\. +Ctrl-E c \. +detach/);
    const telnet = escapeHelp({ character: 0x1d, conserver: false }).join("\n");
    assert.match(telnet, /^\^\]\. +detach/);
    assert.doesNotMatch(telnet, /Ctrl-E c/);
    assert.match(escapeHelp(CONSERVER).join("\n"), /^Ctrl-E c \. +detach/);
  });
});

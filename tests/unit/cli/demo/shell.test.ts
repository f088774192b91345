import assert from "node:assert/strict";
import { KEY, Shell, type ShellHost } from "../../../../cli/demo/shell.ts";

describe("the demo machine's command line", () => {
  let printed: string[];
  let calls: string[];
  let shell: Shell;

  beforeEach(() => {
    printed = [];
    calls = [];
    const host: ShellHost = {
      print: (text) => printed.push(text),
      clear: () => calls.push("clear"),
      reboot: () => calls.push("reboot"),
      bell: () => calls.push("bell"),
      copy: (text) => calls.push(`copy ${text}`),
      clipboard: "from outside",
      viewers: 2,
      now: () => Date.UTC(2026, 10, 20, 12, 0, 0),
      bootedAt: Date.UTC(2026, 10, 20, 11, 59, 0),
    };
    shell = new Shell(host, "demo-server");
  });

  function type(...keys: (string | number)[]): void {
    for (const key of keys)
      if (typeof key === "number") shell.key(key, false);
      else for (const character of key) shell.key(character.charCodeAt(0), false);
  }

  const line = (): string => shell.prompt.text.replace(/^.*# /, "");

  it("shows what is typed behind its prompt", () => {
    type("echo hi");
    assert.equal(shell.prompt.text, "root@demo-server:~# echo hi");
    assert.equal(shell.prompt.cursor, shell.prompt.text.length);
  });

  it("edits in the middle of the line", () => {
    type("ecXo", KEY.left, KEY.backspace, "h", KEY.end, " b", KEY.home, KEY.delete, "e");
    assert.equal(line(), "echo b");
  });

  it("keeps the cursor inside the line", () => {
    type(KEY.left, KEY.backspace, "a", KEY.right, KEY.right, "b");
    assert.equal(line(), "ab");
  });

  it("runs commands", () => {
    type("echo  hello   world", KEY.enter, "uptime", KEY.enter, "paste", KEY.enter);
    assert.deepEqual(
      printed.filter((text) => !text.startsWith("root@")),
      ["hello world", "up 60 s, 2 viewers", "from outside"],
    );
  });

  it("says the time", () => {
    type("date", KEY.keypadEnter);
    assert.equal(printed[1], "Fri, 20 Nov 2026 12:00:00 GMT");
  });

  it("lists every command in its help", () => {
    type("help", KEY.enter);
    for (const name of ["help", "date", "colors", "copy", "reboot", "clear"])
      assert.match(printed[1] ?? "", new RegExp(`^ +${name} `, "m"));
  });

  it("names a command that there is not, JavaScript's own names too", () => {
    type("constructor", KEY.enter, "rm -rf /", KEY.enter);
    assert.match(printed[1] ?? "", /^constructor: there is no such command/);
    assert.match(printed[3] ?? "", /^rm: there is no such command/);
  });

  it("does nothing for an empty line", () => {
    type("  ", KEY.enter);
    assert.equal(printed.length, 1);
  });

  it("finds earlier lines with the up key", () => {
    type("date", KEY.enter, "who", KEY.enter, KEY.up, KEY.up);
    assert.equal(line(), "date");
    type(KEY.up, KEY.down);
    assert.equal(line(), "who");
    type(KEY.down);
    assert.equal(line(), "");
  });

  it("completes a command with Tab, and rings when there are several", () => {
    type("reb", KEY.tab);
    assert.equal(line(), "reboot ");
    type(KEY.enter, "c", KEY.tab);
    assert.deepEqual(calls, ["reboot", "bell"]);
  });

  it("drops the line at Ctrl-C and Ctrl-U, and clears the screen at Ctrl-L", () => {
    type("rebo");
    shell.key("c".charCodeAt(0), true);
    assert.equal(line(), "");
    type("rebo");
    shell.key("u".charCodeAt(0), true);
    assert.equal(line(), "");
    shell.key("l".charCodeAt(0), true);
    assert.deepEqual(calls, ["clear"]);
  });

  it("ignores keys that it has no use for", () => {
    type(KEY.controlLeft, 0xffbe, 0x01000_20ac, KEY.escape);
    assert.equal(line(), "");
  });

  it("ends a line that gets too long with a bell", () => {
    type("x".repeat(300));
    assert.equal(line().length, 200);
    assert.equal(calls.length, 100);
  });
});

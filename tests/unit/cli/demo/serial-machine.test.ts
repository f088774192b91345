import assert from "node:assert/strict";
import { SerialMachine } from "../../../../cli/demo/serial-machine.ts";

describe("the demo machine on its serial line", () => {
  let said: string;
  let machine: SerialMachine;
  beforeEach(() => {
    said = "";
    machine = new SerialMachine({ now: () => Date.UTC(2026, 10, 20) }, (text) => (said += text));
  });
  afterEach(() => machine.stop());

  const type = (text: string): void => machine.input(Buffer.from(text));

  it("shows what is typed behind its prompt, in one line that it writes again", () => {
    type("date");
    assert.ok(said.endsWith("\r\x1b[Kroot@demo-serial:~# date"), JSON.stringify(said));
  });

  it("runs a command and prompts again", () => {
    type("echo hello\r");
    assert.ok(said.includes("\r\x1b[K\x1b[37mhello\x1b[0m\r\n"), JSON.stringify(said));
    assert.ok(said.endsWith("\r\x1b[Kroot@demo-serial:~# "));
  });

  it("edits with the cursor keys of a terminal, also when a sequence comes in two pieces", () => {
    type("ac\x1b");
    type("[Db\r");
    assert.match(said, /there is no such command/);
    assert.match(said, /abc: there/);
  });

  it("moves the cursor back into the line", () => {
    type("abc\x1b[D\x1b[D");
    assert.ok(said.endsWith("# abc\x1b[2D"), JSON.stringify(said.slice(-20)));
  });

  it("erases with either backspace", () => {
    type("ab\x7f\x08x");
    assert.ok(said.endsWith("# x"));
  });

  it("keeps a long line in one row, its end in sight", () => {
    type("x".repeat(150));
    const shown = said.slice(said.lastIndexOf("\x1b[K") + 3);
    assert.equal(shown, "x".repeat(79));
  });

  it("boots with a log, deaf to keys meanwhile", () => {
    machine.reboot();
    type("date\r");
    assert.doesNotMatch(said, /demo-serial:/);
  });
});

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { InvalidParameterValue } from "../../../../common/errors.ts";
import { addressValue, execParameter } from "../../../../drivers/lib/socat-address.ts";
import { missingPrograms } from "../../../helpers/server-process.ts";

/** Everything that means something to socat, to a shell or to a C string, and what may follow it. */
const AWKWARD = Array.from(
  "\\,:!'\"()[]{}<>|&;$`*?#~=%@^+- \t\n\r\v\f\b\u0001\u001b\u007fabfnrtv0x1é漢",
);

describe("socat's address language, judged by the real socat", function suite() {
  this.timeout(60_000);
  let folder: string;
  let program: string;

  before(function prepare() {
    if (missingPrograms(["socat"]).length > 0) this.skip();
    folder = mkdtempSync(join(tmpdir(), "socat-address-"));
    program = join(folder, "show");
    // Every argument with a NUL after it, which none can contain.
    writeFileSync(
      program,
      `#!/bin/sh\nfor one; do printf '%s\\0' "$one"; done >"${folder}/arguments"\n`,
      { mode: 0o700 },
    );
  });
  after(() => rmSync(folder ?? "", { recursive: true, force: true }));

  /** @returns what a program gets that socat starts */
  function received(args: readonly string[]): string[] {
    const address = `EXEC:${execParameter([program, ...args])}`;
    rmSync(join(folder, "arguments"), { force: true });
    const { stderr } = spawnSync("socat", ["-u", address, "OPEN:/dev/null"], { timeout: 10_000 });
    assert.ok(existsSync(join(folder, "arguments")), `not started: ${stderr.toString()}`);
    return readFileSync(join(folder, "arguments"), "utf8").split("\0").slice(0, -1);
  }

  it("hands on every byte from 1 to 127, alone, doubled and between letters", () => {
    for (let byte = 1; byte < 128; byte += 1) {
      const one = String.fromCharCode(byte);
      const args = [one, one + one, `a${one}b`, `${one}0`, `\\${one}`, "end"];
      assert.deepEqual(received(args), args, `byte ${byte}`);
    }
  });

  it("hands on runs of backslashes, empty arguments and blanks", () => {
    for (const args of [
      ["", "", "x", ""],
      [" ", "  ", " a b "],
      ["\\", "\\\\", "\\\\\\", "\\\\\\\\", "a\\"],
      ["\\ ", " \\", '\\"', "\\'", '"', "'", '""'],
      ["'a b'", '"a,b"', "{a,b}", "[a!!b]", "(a:b)", "a,pty,stderr", "a!!STDIO"],
    ])
      assert.deepEqual(received(args), args);
  });

  it("hands on whatever arguments, exactly", () => {
    const argument = fc
      .array(fc.oneof(fc.constantFrom(...AWKWARD), fc.string({ minLength: 1, maxLength: 1 })), {
        maxLength: 8,
      })
      .map((parts) => parts.join("").replaceAll("\0", ""));
    fc.assert(
      fc.property(fc.array(argument, { minLength: 1, maxLength: 5 }), (args) => {
        assert.deepEqual(received(args), args);
      }),
      { numRuns: 150 },
    );
  });

  it("takes a command up to the length that socat takes, and refuses a longer one itself", () => {
    const room = 511 - program.length - 1;
    const most = "a".repeat(room);
    assert.deepEqual(received([most]), [most]);
    assert.throws(() => execParameter([program, `${most}a`]), InvalidParameterValue);
    const marked = ":".repeat(Math.floor(room / 2));
    assert.deepEqual(received([marked]), [marked]);
    assert.throws(() => execParameter([program, `${marked}:`]), InvalidParameterValue);
  });

  it("lets a file have any name", () => {
    for (let byte = 1; byte < 128; byte += 1) {
      const one = String.fromCharCode(byte);
      if (one === "/") continue;
      const name = `a${one}b\\${one}`;
      const path = join(folder, "made", name);
      rmSync(join(folder, "made"), { recursive: true, force: true });
      spawnSync("mkdir", [join(folder, "made")]);
      const address = `CREATE:${addressValue(path)}`;
      spawnSync("socat", ["-u", "OPEN:/dev/null", address], { timeout: 10_000 });
      assert.deepEqual(readdirSync(join(folder, "made")), [name], `byte ${byte}`);
    }
  });

  it("refuses a NUL, which no argument can have", () => {
    assert.throws(() => execParameter(["x", "a\0b"]), InvalidParameterValue);
    assert.throws(() => addressValue("a\0b"), InvalidParameterValue);
  });
});

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { readNote, writeBegun, writeRunning } from "../../../../drivers/ipmitool-socat/note.ts";

describe("the note of a running console", () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "note-"));
    file = join(folder, "x.json");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("says nothing, then that a start began, then which process it is", () => {
    assert.equal(readNote(file), "none");
    writeBegun(file);
    assert.equal(readNote(file), "begun");
    const note = {
      pid: 77,
      startTicks: 5,
      bootId: "b",
      port: 1234,
      cipherSuite: 3,
      fingerprint: "ab",
    };
    writeRunning(file, note);
    assert.deepEqual(readNote(file), note);
    assert.deepEqual(readdirSync(folder), ["x.json"]);
    assert.equal(statSync(file).mode & 0o777, 0o600);
  });

  it("names no process that a hand or half a file made up", () => {
    for (const text of [
      "",
      "{",
      "null",
      "[]",
      '{"pid":1,"startTicks":1,"bootId":"b"}',
      '{"pid":-5,"startTicks":1,"bootId":"b"}',
      '{"pid":"7","startTicks":1,"bootId":"b"}',
      '{"pid":7,"bootId":"b"}',
      '{"pid":7,"startTicks":1}',
    ]) {
      writeFileSync(file, text);
      assert.equal(readNote(file), "begun", text);
    }
    fc.assert(
      fc.property(fc.json(), (text) => {
        writeFileSync(file, text);
        assert.equal(readNote(file), "begun");
      }),
      { numRuns: 50 },
    );
  });
});

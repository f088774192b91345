import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFileOnce } from "../../../common/create-file.ts";

describe("createFileOnce", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "bmcon-create-file-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("makes the file and its folder for the owner alone", () => {
    const file = join(folder, "deeper", "secret.key");
    assert.equal(createFileOnce(file, "text\n"), true);
    assert.equal(readFileSync(file, "utf8"), "text\n");
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(statSync(join(folder, "deeper")).mode & 0o777, 0o700);
  });

  it("leaves a file that is there, and no draft beside it", () => {
    const file = join(folder, "secret.key");
    writeFileSync(file, "first");
    assert.equal(createFileOnce(file, "second"), false);
    assert.equal(readFileSync(file, "utf8"), "first");
    assert.deepEqual(readdirSync(folder), ["secret.key"]);
  });

  it("passes on what the file system refuses", () => {
    writeFileSync(join(folder, "file"), "");
    assert.throws(() => createFileOnce(join(folder, "file", "x"), "text"), /ENOTDIR|EEXIST/);
  });
});

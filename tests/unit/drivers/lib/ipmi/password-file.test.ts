import assert from "node:assert/strict";
import {
  closeSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Secret } from "../../../../../drivers/base.ts";
import {
  openNamelessPasswordFile,
  removePasswordFile,
  writePasswordFile,
} from "../../../../../drivers/lib/ipmi/password-file.ts";

describe("the password file", () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "password-file-"));
    path = join(folder, "pw");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("has mode 0600 and the password alone", () => {
    writePasswordFile(path, new Secret("hunter2"));
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(readFileSync(path, "utf8"), "hunter2");
    removePasswordFile(path);
    assert.deepEqual(readdirSync(folder), []);
    removePasswordFile(path);
  });

  it("has a NUL byte for an empty password, as in Ironic", () => {
    writePasswordFile(path, null);
    assert.deepEqual(readFileSync(path), Buffer.from([0]));
  });

  it("never writes into a file or through a link that was there before", () => {
    writeFileSync(path, "theirs");
    symlinkSync(path, join(folder, "link"));
    for (const taken of [path, join(folder, "link")])
      assert.throws(() => writePasswordFile(taken, new Secret("hunter2")), /EEXIST/);
    assert.equal(readFileSync(path, "utf8"), "theirs");
  });

  it("without a name can be read by its descriptor and stands in no folder", () => {
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith("bmcon-"));
    const descriptor = openNamelessPasswordFile(new Secret("hunter2"));
    try {
      assert.equal(readFileSync(`/dev/fd/${descriptor}`, "utf8"), "hunter2");
      const after = readdirSync(tmpdir()).filter((name) => name.startsWith("bmcon-"));
      assert.deepEqual(
        after.filter((name) => !before.includes(name)),
        [],
      );
    } finally {
      closeSync(descriptor);
    }
  });
});

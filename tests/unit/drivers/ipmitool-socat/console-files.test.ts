import assert from "node:assert/strict";
import { chmodSync, chownSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConsoleError } from "../../../../common/errors.ts";
import { consoleFiles, prepareFolder } from "../../../../drivers/ipmitool-socat/console-files.ts";

describe("the folder of running consoles", () => {
  let parent: string;

  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), "console-files-"));
  });

  afterEach(() => rmSync(parent, { recursive: true, force: true }));

  it("is made for this service alone", () => {
    const folder = join(parent, "run", "consoles");
    prepareFolder(folder);
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    prepareFolder(folder);
  });

  it("is refused when others may look in, and stays as it is", () => {
    chmodSync(parent, 0o711);
    assert.throws(() => prepareFolder(parent), ConsoleError);
    assert.equal(statSync(parent).mode & 0o777, 0o711);
  });

  it("is refused when another user made it, who could change what runs", function otherUser() {
    if (process.getuid?.() !== 0) this.skip();
    chownSync(parent, 65_534, 65_534);
    assert.throws(() => prepareFolder(parent), /\[console\]terminal_pid_dir/);
  });

  it("holds no file named after something else than a UUID", () => {
    assert.throws(() => consoleFiles(parent, "../../etc/passwd"), /uuid/);
  });
});

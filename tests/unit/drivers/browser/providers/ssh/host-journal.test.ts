import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HostJournal } from "../../../../../../drivers/browser/providers/ssh/host-journal.ts";
import { readPrivateKey } from "../../../../../../drivers/browser/providers/ssh/private-key.ts";

describe("what the ssh provider keeps and reads", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "host-journal-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("remembers hosts over a restart until they are tidied up", () => {
    const below = join(folder, "journal");
    const journal = new HostJournal(below);
    journal.add("root@aux1:22");
    journal.add("root@[2001:db8::1]:22");
    journal.remove("root@aux1:22");
    assert.deepEqual(
      new HostJournal(below).hosts.map(({ host }) => host),
      ["2001:db8::1"],
    );
    assert.equal(statSync(join(below, "hosts.json")).mode & 0o777, 0o600);
  });

  for (const text of ["", "{", "{}", '[1, null, "nonsense", "-oX@h"]'])
    it(`remembers nothing of a file with ${JSON.stringify(text)}`, () => {
      writeFileSync(join(folder, "hosts.json"), text);
      assert.deepEqual(new HostJournal(folder).hosts, []);
    });

  it("takes no private key that others may read", () => {
    const file = join(folder, "key");
    writeFileSync(file, "key", { mode: 0o600 });
    assert.equal(readPrivateKey(file).toString(), "key");
    writeFileSync(`${file}2`, "key", { mode: 0o640 });
    assert.throws(() => readPrivateKey(`${file}2`), /chmod 600/);
    assert.throws(() => readPrivateKey(join(folder, "none")), /ENOENT/);
    assert.throws(() => readPrivateKey(""), /ssh_key_file is not set/);
  });
});

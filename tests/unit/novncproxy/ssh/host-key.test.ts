/** The host key's file; OpenSSH's ssh-keygen judges the same in tests/functional. */
import assert from "node:assert/strict";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ssh2 from "ssh2";
import { StartupError } from "../../../../common/errors.ts";
import { newHostKeyText, openHostKey } from "../../../../novncproxy/ssh/host-key.ts";

describe("the host key", () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "bmc-host-key-"));
    file = join(folder, "key");
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const refuses = (wanted: RegExp): void =>
    assert.throws(
      () => openHostKey(file),
      (error: Error) => error instanceof StartupError && wanted.test(error.message),
    );

  it("is made once, for its owner only, and stays", () => {
    const first = openHostKey(file);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(openHostKey(file).fingerprint, first.fingerprint);
    assert.equal(readFileSync(file, "utf8"), first.privateKey);
  });

  it("signs so that its public half agrees", () => {
    for (let round = 0; round < 20; round += 1) {
      const key = ssh2.utils.parseKey(newHostKeyText());
      assert.ok(!(key instanceof Error));
      assert.equal(key.type, "ssh-ed25519");
      assert.equal(key.verify("words", key.sign("words")), true);
      assert.equal(key.verify("other words", key.sign("words")), false);
    }
  });

  it("is refused when others may read it", () => {
    openHostKey(file);
    chmodSync(file, 0o640);
    refuses(/others may read .* chmod 600/);
  });

  it("is refused in a folder in which others may put another", () => {
    openHostKey(file);
    chmodSync(folder, 0o777);
    refuses(/others may write to the folder/);
  });

  it("is judged where a symbolic link leads to", () => {
    const shared = join(folder, "shared");
    mkdirSync(shared);
    writeFileSync(join(shared, "key"), newHostKeyText(), { mode: 0o600 });
    symlinkSync(join(shared, "key"), file);
    assert.match(openHostKey(file).fingerprint, /^SHA256:/);
    chmodSync(shared, 0o777);
    refuses(/others may write to the folder/);
  });

  it("is refused when it is no Ed25519 private key", () => {
    writeFileSync(file, "nonsense", { mode: 0o600 });
    refuses(/is no private key/);
    const { private: ecdsa, public: open } = ssh2.utils.generateKeyPairSync("ecdsa", { bits: 256 });
    writeFileSync(file, ecdsa);
    refuses(/no private key of type ssh-ed25519/);
    writeFileSync(file, open);
    refuses(/no private key of type ssh-ed25519/);
    rmSync(file);
    mkdirSync(file, { mode: 0o700 });
    refuses(/no regular file/);
  });
});

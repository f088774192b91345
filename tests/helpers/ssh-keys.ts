/** An SSH host key for tests, with its fingerprint by OpenSSH's own ssh-keygen. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface SshHostKey {
  readonly private: string;
  /** `SHA256:…` as `ssh-keygen -l` prints it. */
  readonly fingerprint: string;
}

/** Makes an Ed25519 key; needs Debian's openssh-client. */
export function makeSshHostKey(): SshHostKey {
  const folder = mkdtempSync(join(tmpdir(), "ssh-key-"));
  try {
    const file = join(folder, "key");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file]);
    const listed = execFileSync("ssh-keygen", ["-l", "-E", "sha256", "-f", file], {
      encoding: "utf8",
    });
    return { private: readFileSync(file, "utf8"), fingerprint: listed.split(" ")[1] ?? "" };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

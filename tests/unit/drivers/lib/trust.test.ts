import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BmcCertificateInvalid } from "../../../../common/errors.ts";
import { tlsTrustOptions, trustOf } from "../../../../drivers/lib/trust.ts";

describe("tlsTrustOptions", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "trust-"));
    execFileSync("mkfifo", [join(folder, "fifo")]);
  });
  after(() => rmSync(folder, { recursive: true }));

  it("verifies unless told otherwise", async () => {
    assert.equal((await tlsTrustOptions(trustOf(true, undefined))).rejectUnauthorized, true);
    assert.equal((await tlsTrustOptions(trustOf(false, undefined))).rejectUnauthorized, false);
  });

  it("names a file of authorities that cannot be read", async () => {
    const path = join(folder, "missing.pem");
    await assert.rejects(
      tlsTrustOptions(trustOf(path, undefined)),
      (error) => error instanceof BmcCertificateInvalid && error.message.includes(path),
    );
  });

  it("waits for no FIFO and reads no device as a file of authorities", async () => {
    for (const path of [join(folder, "fifo"), "/dev/zero"])
      await assert.rejects(
        tlsTrustOptions(trustOf(path, undefined)),
        (error) =>
          error instanceof BmcCertificateInvalid && error.message.endsWith("is no regular file"),
      );
  });
});

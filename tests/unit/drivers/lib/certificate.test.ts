import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { X509Certificate, createPrivateKey } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCertificate } from "../../../../drivers/lib/certificate.ts";

describe("a console's own certificate", () => {
  it("is one that OpenSSL reads and finds signed by itself", async () => {
    const made = await makeCertificate("console of a node");
    const folder = mkdtempSync(join(tmpdir(), "certificate-"));
    try {
      const file = join(folder, "own.crt");
      writeFileSync(file, made.certificate);
      for (const purpose of ["sslserver", "sslclient"]) {
        const args = ["verify", "-x509_strict", "-purpose", purpose, "-CAfile", file, file];
        const { stdout, stderr } = spawnSync("openssl", args, { encoding: "utf8" });
        assert.match(stdout, /: OK/, stderr);
      }
      const text = spawnSync("openssl", ["x509", "-in", file, "-noout", "-text"], {
        encoding: "utf8",
      }).stdout;
      assert.match(text, /Subject: CN = console of a node/);
      assert.match(text, /Not After : Dec 31 23:59:59 9999/);
      assert.match(text, /CA:FALSE/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("comes with its key and its fingerprint", async () => {
    const made = await makeCertificate("x");
    const read = new X509Certificate(made.certificate);
    assert.ok(read.checkPrivateKey(createPrivateKey(made.key.reveal())));
    assert.equal(read.fingerprint256.replaceAll(":", "").toLowerCase(), made.fingerprint);
  });

  it("is another one each time, with another key and number", async () => {
    const [a, b] = await Promise.all([makeCertificate("x"), makeCertificate("x")]);
    assert.notEqual(a.fingerprint, b.fingerprint);
    const serial = (pem: string): string => new X509Certificate(pem).serialNumber;
    assert.notEqual(serial(a.certificate), serial(b.certificate));
    assert.equal(serial(a.certificate).length, 32);
  });
});

/**
 * Certificates for tests, made at run time with node-forge: one authority and whatever it signs, and
 * certificates that nobody signed, as most BMCs have. Nothing here is for use outside tests.
 */
import { createHash, generateKeyPairSync, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import forge from "node-forge";

/** What `issue` is asked for. */
export interface CertificateRequest {
  readonly commonName?: string;
  /** Subject alternative names; default 127.0.0.1 and localhost. */
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  /** Days from now that its life begins and ends; default -1 and 30. */
  readonly notBeforeDays?: number;
  readonly notAfterDays?: number;
  /** True when nobody but itself signed it. */
  readonly selfSigned?: boolean;
}

export interface IssuedCertificate {
  readonly certPem: string;
  readonly keyPem: string;
  /** Paths of the same, and of both in one file (socat, x11vnc). */
  readonly certFile: string;
  readonly keyFile: string;
  readonly bothFile: string;
  /** SHA-256 of the DER certificate, 64 hexadecimal digits in lower case. */
  readonly fingerprint: string;
}

export interface TestPki {
  /** Temporary folder of every file below; gone after `remove`. */
  readonly folder: string;
  readonly caFile: string;
  readonly caPem: string;
  issue(name: string, request?: CertificateRequest): IssuedCertificate;
  remove(): void;
}

interface Signer {
  readonly certificate: forge.pki.Certificate;
  readonly key: forge.pki.rsa.PrivateKey;
}

const DAY_MILLISECONDS = 86_400_000;

/** Makes an authority in a temporary folder. */
export function makeTestPki(): TestPki {
  const folder = mkdtempSync(join(tmpdir(), "test-pki-"));
  // A name of its own: OpenSSL finds an authority by its name, and two of one name confuse it.
  const commonName = `test authority ${randomUUID()}`;
  const authority = makeCertificate({ commonName }, undefined, "authority");
  const caPem = forge.pki.certificateToPem(authority.certificate);
  const caFile = join(folder, "ca-cert.pem");
  writeFileSync(caFile, caPem);
  return {
    folder,
    caFile,
    caPem,
    issue(name, request = {}) {
      const made = makeCertificate(request, request.selfSigned ? undefined : authority, "server");
      return writeOut(folder, name, made);
    },
    remove() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function makeCertificate(
  request: CertificateRequest,
  signer: Signer | undefined,
  role: "authority" | "server",
): Signer {
  const pair = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
    publicKeyEncoding: { type: "pkcs1", format: "pem" },
  });
  const key = forge.pki.privateKeyFromPem(pair.privateKey);
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(pair.publicKey);
  certificate.serialNumber = `01${forge.util.bytesToHex(forge.random.getBytesSync(8))}`;
  certificate.validity.notBefore = daysFromNow(request.notBeforeDays ?? -1);
  certificate.validity.notAfter = daysFromNow(request.notAfterDays ?? 30);
  const subject = [{ name: "commonName", value: request.commonName ?? "bmc.test" }];
  certificate.setSubject(subject);
  certificate.setIssuer(signer ? signer.certificate.subject.attributes : subject);
  certificate.setExtensions(role === "authority" ? authorityExtensions() : namesOf(request));
  certificate.sign(signer?.key ?? key, forge.md.sha256.create());
  return { certificate, key };
}

function authorityExtensions(): object[] {
  return [
    { name: "basicConstraints", cA: true, critical: true },
    { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
    { name: "subjectKeyIdentifier" },
  ];
}

function namesOf(request: CertificateRequest): object[] {
  const altNames = [
    ...(request.dnsNames ?? ["localhost"]).map((value) => ({ type: 2, value })),
    ...(request.ipAddresses ?? ["127.0.0.1"]).map((ip) => ({ type: 7, ip })),
  ];
  return [
    { name: "keyUsage", digitalSignature: true, keyEncipherment: true },
    { name: "extKeyUsage", serverAuth: true },
    { name: "subjectAltName", altNames },
  ];
}

function daysFromNow(days: number): Date {
  return new Date(Date.now() + days * DAY_MILLISECONDS);
}

function writeOut(folder: string, name: string, made: Signer): IssuedCertificate {
  const certPem = forge.pki.certificateToPem(made.certificate);
  const keyPem = forge.pki.privateKeyToPem(made.key);
  const der = Buffer.from(
    forge.asn1.toDer(forge.pki.certificateToAsn1(made.certificate)).getBytes(),
    "latin1",
  );
  const write = (suffix: string, text: string): string => {
    const path = join(folder, `${name}-${suffix}.pem`);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  return {
    certPem,
    keyPem,
    certFile: write("cert", certPem),
    keyFile: write("key", keyPem),
    bothFile: write("both", certPem + keyPem),
    fingerprint: createHash("sha256").update(der).digest("hex"),
  };
}

/**
 * A key and a self-signed certificate for one end of one console, ECDSA P-256. Each end trusts exactly the
 * other's, so the certificate carries no name that anybody reads and never ends.
 */
import {
  X509Certificate,
  createHash,
  generateKeyPair,
  randomBytes,
  sign,
  type KeyObject,
} from "node:crypto";
import { promisify } from "node:util";
import { Secret } from "../base.ts";

export interface OwnCertificate {
  /** PEM. */
  readonly certificate: string;
  /** PEM, PKCS #8. */
  readonly key: Secret;
  /** SHA-256 of the DER certificate, 64 hexadecimal digits in lower case. */
  readonly fingerprint: string;
}

/** ASN.1 tags (X.690): what this certificate is made of. */
const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  version: 0xa0,
  extensions: 0xa3,
} as const;

/** The DER contents of object identifiers. */
const OID = {
  /** 1.2.840.10045.4.3.2 */
  ecdsaWithSha256: "2a8648ce3d040302",
  /** 2.5.4.3 */
  commonName: "550403",
  /** 2.5.29.19 */
  basicConstraints: "551d13",
} as const;

/** Before any clock is that is not set yet: a conductor's and a proxy's may differ by years at boot. */
const NOT_BEFORE = "000101000000Z";
/** FACT(RFC 5280 4.1.2.5): the date of a certificate that has no well-defined end. */
const NOT_AFTER = "99991231235959Z";

/** @param name common name, for people who look at it */
export async function makeCertificate(name: string): Promise<OwnCertificate> {
  const pair = await promisify(generateKeyPair)("ec", { namedCurve: "P-256" });
  const bytes = certificateOf(name, pair.publicKey, pair.privateKey);
  return {
    certificate: new X509Certificate(bytes).toString(),
    key: new Secret(pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString()),
    fingerprint: createHash("sha256").update(bytes).digest("hex"),
  };
}

/** RFC 5280 4.1, version 3. */
function certificateOf(name: string, publicKey: KeyObject, privateKey: KeyObject): Buffer {
  const algorithm = sequence(oid(OID.ecdsaWithSha256));
  const subject = sequence(
    der(TAG.set, sequence(oid(OID.commonName), der(TAG.utf8String, Buffer.from(name)))),
  );
  const body = sequence(
    der(TAG.version, der(TAG.integer, Buffer.from([2]))),
    der(TAG.integer, serialNumber()),
    algorithm,
    subject,
    validity(),
    subject,
    publicKey.export({ type: "spki", format: "der" }),
    der(TAG.extensions, sequence(noAuthority())),
  );
  const signature = sign("sha256", body, privateKey);
  return sequence(body, algorithm, der(TAG.bitString, Buffer.from([0]), signature));
}

/** Positive and without a leading zero. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes;
}

/** It signs nothing but itself. */
function noAuthority(): Buffer {
  const critical = der(TAG.boolean, Buffer.from([0xff]));
  return sequence(oid(OID.basicConstraints), critical, der(TAG.octetString, sequence()));
}

/** FACT(RFC 5280 4.1.2.5): UTCTime before 2050, GeneralizedTime from then on. */
function validity(): Buffer {
  return sequence(
    der(TAG.utcTime, Buffer.from(NOT_BEFORE)),
    der(TAG.generalizedTime, Buffer.from(NOT_AFTER)),
  );
}

function oid(hexadecimal: string): Buffer {
  return der(TAG.oid, Buffer.from(hexadecimal, "hex"));
}

function sequence(...parts: Buffer[]): Buffer {
  return der(TAG.sequence, ...parts);
}

function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag, ...lengthOf(content)]), content]);
}

function lengthOf({ length }: Buffer): number[] {
  if (length < 0x80) return [length];
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
}

/**
 * The key by which clients know this server: Ed25519, made at the first start, in the file format of
 * OpenSSH (PROTOCOL.key), so that ssh-keygen reads it.
 */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import ssh2 from "ssh2";
import { createFileOnce } from "../../common/create-file.ts";
import { messageOf, StartupError } from "../../common/errors.ts";
import { fingerprintOf } from "./login/authorized-keys.ts";
import { readOwnedFile } from "./owned-file.ts";

const MAX_BYTES = 16 * 1024;
const TYPE = "ssh-ed25519";
/** For the unencrypted form, OpenSSH's PROTOCOL.key. */
const BLOCK_BYTES = 8;

export interface HostKey {
  /** Text of the private key. */
  readonly privateKey: string;
  /** `SHA256:…` of the public one, as ssh shows it at the first visit. */
  readonly fingerprint: string;
}

/** @param file absolute path. @throws {StartupError} when it is none, or others may read it */
export function openHostKey(file: string): HostKey {
  try {
    if (!existsSync(file)) createFileOnce(file, newHostKeyText());
    const privateKey = readOwnedFile(file, { secret: true, maxBytes: MAX_BYTES });
    const key = ssh2.utils.parseKey(privateKey);
    if (key instanceof Error) throw new Error(`"${file}" is no private key: ${key.message}`);
    if (key.type !== TYPE || !key.isPrivateKey())
      throw new Error(`"${file}" is no private key of type ${TYPE}`);
    return { privateKey, fingerprint: fingerprintOf(key.getPublicSSH()) };
  } catch (cause) {
    throw new StartupError(`[ssh]host_key_file cannot be used: ${messageOf(cause)}`, { cause });
  }
}

/** Written here because ssh2's generator takes apart DER by hand; the format has five fields. */
export function newHostKeyText(): string {
  const { privateKey } = generateKeyPairSync("ed25519");
  const { x = "", d = "" } = privateKey.export({ format: "jwk" });
  const publicBytes = Buffer.from(x, "base64url");
  const secretBytes = Buffer.concat([Buffer.from(d, "base64url"), publicBytes]);
  const publicKey = Buffer.concat([field(TYPE), field(publicBytes)]);
  const check = randomBytes(4);
  const inner = Buffer.concat([check, check, publicKey, field(secretBytes), field("")]);
  const padding = Buffer.from(
    Array.from({ length: -inner.length & (BLOCK_BYTES - 1) }, (_none, index) => index + 1),
  );
  const whole = Buffer.concat([
    Buffer.from("openssh-key-v1\0", "latin1"),
    field("none"),
    field("none"),
    field(""),
    Buffer.from([0, 0, 0, 1]),
    field(publicKey),
    field(Buffer.concat([inner, padding])),
  ]);
  const lines = whole.toString("base64").match(/.{1,70}/g) ?? [];
  return [
    "-----BEGIN OPENSSH PRIVATE KEY-----",
    ...lines,
    "-----END OPENSSH PRIVATE KEY-----",
    "",
  ].join("\n");
}

/** An SSH string (RFC 4251 section 5): length and bytes. */
function field(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value as string);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/**
 * The signed part of the URL under which a BMC reads an image: for one attachment of one image to one
 * node, until a time. Whether that attachment still is there, the database says; the signature keeps
 * everything else away from it. HMAC-SHA256 (RFC 2104) under a key of its own.
 *
 * base64url of: version (1 byte), node UUID (16), image UUID (16), grant (16), expiry in seconds (5), MAC (32).
 */
import { createHmac, randomBytes, timingSafeEqual, type KeyObject } from "node:crypto";
import type { SecretBox } from "./secret-box.ts";

const VERSION = 1;
const UUID_BYTES = 16;
const GRANT_BYTES = 16;
const EXPIRY_BYTES = 5;
const SIGNED_BYTES = 1 + UUID_BYTES * 2 + GRANT_BYTES + EXPIRY_BYTES;
const MAC_BYTES = 32;
/** 86 bytes. */
const TOKEN_LENGTH = Math.ceil(((SIGNED_BYTES + MAC_BYTES) * 4) / 3);
const PURPOSE = "virtual media links";
/** A reverse proxy may leave a prefix of its own in front. */
const PATH = new RegExp(`/v1/vmedia/([A-Za-z0-9_-]{${TOKEN_LENGTH}})/[A-Za-z0-9._-]{1,80}$`);
const ANY_TOKEN = new RegExp(`/v1/vmedia/[A-Za-z0-9_-]{${TOKEN_LENGTH}}`, "g");
const LONGEST_NAME = 40;

export interface ImageGrant {
  readonly nodeUuid: string;
  readonly imageUuid: string;
  /** 32 hexadecimal characters. */
  readonly grantId: string;
  /** Milliseconds since the epoch; the token keeps whole seconds. */
  readonly expiresAt: number;
}

export class ImageTokens {
  readonly #keys: readonly KeyObject[];

  /** @param keys the first one signs, all are believed */
  constructor(keys: readonly KeyObject[]) {
    this.#keys = keys;
  }

  static from(box: SecretBox): ImageTokens {
    return new ImageTokens(box.derivedKeys(PURPOSE));
  }

  sign(grant: ImageGrant): string {
    const [key] = this.#keys;
    if (!key) throw new TypeError("there is no key to sign with");
    const signed = Buffer.concat([
      Buffer.of(VERSION),
      bytesOf(grant.nodeUuid),
      bytesOf(grant.imageUuid),
      bytesOf(grant.grantId),
      expiryBytes(grant.expiresAt),
    ]);
    return Buffer.concat([signed, macOf(key, signed)]).toString("base64url");
  }

  /** @returns undefined for what we did not sign and for what has expired alike */
  verify(token: string, now: number): ImageGrant | undefined {
    const bytes = Buffer.from(token, "base64url");
    if (token.length !== TOKEN_LENGTH || bytes.length !== SIGNED_BYTES + MAC_BYTES)
      return undefined;
    const [signed, mac] = [bytes.subarray(0, SIGNED_BYTES), bytes.subarray(SIGNED_BYTES)];
    /* One spelling only: base64url has spare bits. */
    if (bytes.toString("base64url") !== token) return undefined;
    let known = false;
    for (const key of this.#keys) if (timingSafeEqual(mac, macOf(key, signed))) known = true;
    if (!known || signed[0] !== VERSION) return undefined;
    const grant = grantIn(signed);
    return grant.expiresAt > now ? grant : undefined;
  }
}

export function newGrantId(): string {
  return randomBytes(GRANT_BYTES).toString("hex");
}

/**
 * The path of an image's URL.
 * @param name for people who look at a BMC's page; made harmless
 * @param suffix FACT(iDRAC and Supermicro manuals, virtual media by URL): some BMCs refuse an image whose
 * URL does not end in .iso or .img
 */
export function imagePath(token: string, name: string, suffix: "iso" | "img"): string {
  const plain = name
    .replace(/\.(?:iso|img|bin|ima)$/i, "")
    .replace(/[^A-Za-z0-9_-]+/g, "-")
    .replace(/^-+/, "")
    .slice(0, LONGEST_NAME);
  return `/v1/vmedia/${token}/${plain === "" ? "image" : plain}.${suffix}`;
}

/** The token in a request's path; undefined when it is no path of ours. */
export function tokenInPath(path: string): string | undefined {
  return PATH.exec(path)?.[1];
}

/** The same text without anything in it that opens an image. */
export function withoutImageTokens(text: string): string {
  return text.replace(ANY_TOKEN, "/v1/vmedia/******");
}

function macOf(key: KeyObject, signed: Buffer): Buffer {
  return createHmac("sha256", key).update(signed).digest();
}

function bytesOf(hex: string): Buffer {
  const bytes = Buffer.from(hex.replaceAll("-", ""), "hex");
  if (bytes.length !== UUID_BYTES) throw new TypeError(`"${hex}" is not 128 bits`);
  return bytes;
}

function expiryBytes(expiresAt: number): Buffer {
  const bytes = Buffer.alloc(EXPIRY_BYTES);
  bytes.writeUIntBE(Math.floor(expiresAt / 1000), 0, EXPIRY_BYTES);
  return bytes;
}

function grantIn(signed: Buffer): ImageGrant {
  const hex = (from: number, length: number): string =>
    signed.subarray(from, from + length).toString("hex");
  const grantAt = 1 + UUID_BYTES * 2;
  return {
    nodeUuid: uuidOf(hex(1, UUID_BYTES)),
    imageUuid: uuidOf(hex(1 + UUID_BYTES, UUID_BYTES)),
    grantId: hex(grantAt, GRANT_BYTES),
    expiresAt: signed.readUIntBE(grantAt + GRANT_BYTES, EXPIRY_BYTES) * 1000,
  };
}

function uuidOf(hex: string): string {
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

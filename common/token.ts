/** Console auth tokens: 256 random bits shown once, of which only the SHA-256 is ever stored. */
import { createHash, randomBytes } from "node:crypto";

/** 43 characters of base64url. */
const TOKEN_PATTERN = /^[A-Za-z0-9_-]{43}$/;

export function newToken(): string {
  return randomBytes(32).toString("base64url");
}

/** @returns 64 hexadecimal characters; looking it up by a unique index compares no secret byte by byte */
export function hashToken(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

/** True when the text could be one of our tokens; saves the database a look-up for noise. */
export function looksLikeToken(text: string): boolean {
  return TOKEN_PATTERN.test(text);
}

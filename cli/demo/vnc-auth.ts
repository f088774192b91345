/** Security type 2, VNC Authentication, as a server does it (RFC 6143 section 7.2.2). */
import { timingSafeEqual } from "node:crypto";
import { vncResponse } from "../../common/rfb/auth/vnc.ts";
import type { Secret } from "../../common/secret.ts";

/** @param challenge 16 random bytes. @returns whether `response` is what the password's owner sends */
export function isRightResponse(password: Secret, challenge: Buffer, response: Buffer): boolean {
  const expected = vncResponse(password, challenge);
  return response.length === expected.length && timingSafeEqual(response, expected);
}

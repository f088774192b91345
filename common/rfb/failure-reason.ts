/**
 * Texts that a peer puts on the wire, made fit for our errors and logs: read with a bound, trimmed,
 * and with everything escaped that could forge a log line or move a terminal's cursor.
 */
import { HostError } from "../errors.ts";
import { printable } from "../printable.ts";
import type { ByteChannel } from "./byte-channel.ts";
import { MAX_REASON_BYTES, READ_FAILURE_REASON } from "./constants.ts";

export const NO_REASON = "no reason given";
/** How much of a peer's text is looked at, and how much of it gets into a message. */
const MAX_LOOKED_AT_BYTES = 1024;
const MAX_QUOTED_CHARACTERS = 256;

/**
 * Reads `reason-length` and `reason-string` (RFC 6143 section 7.1.2).
 * @returns the text, or words that say why there is none; it never throws for what the host did, since
 * the failure that the reason belongs to is the better error
 */
export async function readFailureReason(channel: ByteChannel): Promise<string> {
  try {
    const length = (await channel.read(READ_FAILURE_REASON, 4)).readUInt32BE(0);
    if (length === 0) return NO_REASON;
    if (length > MAX_REASON_BYTES) return `a reason of ${length} bytes, more than is read`;
    const text = printableBytes(await channel.read(READ_FAILURE_REASON, length));
    return text === "" ? NO_REASON : text;
  } catch (error) {
    // A host that hangs up instead of giving a reason has still refused us.
    if (error instanceof HostError) return NO_REASON;
    throw error;
  }
}

/** The two parts of a failure reason as we send it. */
export function encodeFailureReason(text: string): Buffer {
  const bytes = Buffer.from(text, "utf8");
  const message = Buffer.alloc(4 + bytes.length);
  message.writeUInt32BE(bytes.length, 0);
  bytes.copy(message, 4);
  return message;
}

/**
 * A peer's bytes as one line of text: UTF-8 or else Latin-1, trailing NULs and white space trimmed
 * (QEMU counts a NUL in its reason's length), control characters escaped, bounded. Its work is bounded
 * too, whatever the length.
 */
export function printableBytes(bytes: Buffer): string {
  const text = withoutTrailingBlanks(decoded(atMost(bytes, MAX_LOOKED_AT_BYTES)));
  return printable(text, MAX_QUOTED_CHARACTERS);
}

function decoded(bytes: Buffer): string {
  const utf8 = bytes.toString("utf8");
  return utf8.includes("\uFFFD") ? bytes.toString("latin1") : utf8;
}

/** The beginning of `bytes`, cut in front of a character where they are UTF-8. */
function atMost(bytes: Buffer, length: number): Buffer {
  let end = Math.min(length, bytes.length);
  for (let back = 0; back < 3 && ((bytes[end] ?? 0) & 0xc0) === 0x80; back += 1) end -= 1;
  return bytes.subarray(0, end);
}

/** No regular expression: `[\0\s]+$` takes quadratic time for blanks that something else follows. */
function withoutTrailingBlanks(text: string): string {
  let end = text.length;
  while (end > 0 && /[\0\s]/.test(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

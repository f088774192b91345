/**
 * The lines of a console log file. A record is a UTC time and a line of the machine:
 *
 *     2026-11-20T17:12:11.123Z Booting from Hard Disk...
 *     2026-11-20T17:12:19.700Z login: \
 *     2026-11-20T17:12:25.031Z root
 *     2026-11-20T17:12:25.200Z --- connected
 *
 * - The line ended with CR LF. One that ended with LF alone has it written out, `\x0a`; one that goes on
 *   in the next record (a prompt, a long line) ends with a backslash.
 * - Controls but the tab, bytes that are no UTF-8, and characters that are not seen or turn the reading
 *   direction are written as `\xNN` each byte, a backslash as `\\`. So nothing is lost, grep works, and
 *   the file is safe to print on a terminal.
 * - `--- ` begins what this service says about the line; a machine's own is written `\x2d-- `.
 */
import { escaped } from "./printable.ts";

/** Bytes of a machine in one record; a longer line goes on in the next. */
export const MAX_RECORD_BYTES = 4096;
/** No record is longer: every byte escaped, the time, the marks. */
export const MAX_RECORD_LENGTH = MAX_RECORD_BYTES * 4 + 64;

export interface ConsoleLogRecord {
  /** ISO 8601 in UTC with milliseconds. */
  readonly time: string;
  /** As stored, without time and marks. */
  readonly text: string;
  readonly kind: "line" | "part" | "note";
}

const LF = 10;
const CR = 13;
const TAB = 9;
const BACKSLASH = 92;
const NOTE = "--- ";
const NOTE_ESCAPED = "\\x2d-- ";
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const TIME_LENGTH = 24;
/** As common/printable.ts has it. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
const HEX = Array.from(
  { length: 256 },
  (_none, byte) => `\\x${byte.toString(16).padStart(2, "0")}`,
);

/**
 * @param bytes of a machine, with an LF at the end or nowhere
 * @returns the record without its LF
 */
export function recordOf(time: string, bytes: Buffer): string {
  const { length } = bytes;
  const whole = length > 0 && bytes[length - 1] === LF;
  const plain = whole && length > 1 && bytes[length - 2] === CR;
  const text = escapedBytes(bytes.subarray(0, length - (plain ? 2 : whole ? 1 : 0)));
  const end = plain ? "" : whole ? "\\x0a" : "\\";
  const safe = text.startsWith(NOTE) ? NOTE_ESCAPED + text.slice(NOTE.length) : text;
  return `${time} ${safe}${end}`;
}

/** A record of what happened to the line. */
export function noteRecord(time: string, text: string): string {
  return `${time} ${NOTE}${escaped(text)}`;
}

/** @param line without its LF. @returns undefined when it is no record, for example half of one */
export function parseRecord(line: string): ConsoleLogRecord | undefined {
  const time = line.slice(0, TIME_LENGTH);
  if (!TIME.test(time) || (line.length > TIME_LENGTH && line[TIME_LENGTH] !== " "))
    return undefined;
  const text = line.slice(TIME_LENGTH + 1);
  if (text.startsWith(NOTE)) return { time, text: text.slice(NOTE.length), kind: "note" };
  const goesOn = endsWithLoneBackslash(text);
  return goesOn ? { time, text: text.slice(0, -1), kind: "part" } : { time, text, kind: "line" };
}

/** The machine's bytes, with the end of the line; none of a note. */
export function bytesOf(record: ConsoleLogRecord): Buffer {
  if (record.kind === "note") return Buffer.alloc(0);
  const { text, kind } = record;
  const lfAlone = text.endsWith("\\x0a") && oddBackslashes(text, text.length - 4);
  const end = kind === "part" || lfAlone ? "" : "\r\n";
  if (!text.includes("\\")) return Buffer.from(text + end);
  const bytes = Buffer.from(text + end);
  let to = 0;
  for (let from = 0; from < bytes.length; to += 1) {
    const escape = bytes[from] === BACKSLASH;
    const byte = escape && bytes[from + 1] === 0x78 ? hexByte(bytes, from + 2) : undefined;
    if (byte !== undefined) {
      bytes[to] = byte;
      from += 4;
    } else {
      bytes[to] = bytes[from]!;
      from += escape && bytes[from + 1] === BACKSLASH ? 2 : 1;
    }
  }
  return bytes.subarray(0, to);
}

/**
 * What a crash left of a record at the end of a file, made a whole one that goes on.
 * @returns without LF; undefined when it is too little
 */
export function repairedRecord(half: string): string | undefined {
  if (!TIME.test(half.slice(0, TIME_LENGTH))) return undefined;
  const text = half.slice(TIME_LENGTH + 1);
  if (text.startsWith(NOTE)) return half;
  /* half of an escape is worth nothing */
  const whole = text.replace(/\\(?:x[0-9a-f]?)?$/, (end, at: number) =>
    oddBackslashes(text, at) ? "" : end,
  );
  return `${half.slice(0, TIME_LENGTH)} ${whole}\\`;
}

function hexByte(bytes: Buffer, at: number): number | undefined {
  const digits = bytes.toString("latin1", at, at + 2);
  return /^[0-9a-f]{2}$/.test(digits) ? Number.parseInt(digits, 16) : undefined;
}

function endsWithLoneBackslash(text: string): boolean {
  return text.endsWith("\\") && oddBackslashes(text, text.length - 1);
}

/** @param at where the last one of a row of backslashes is */
function oddBackslashes(text: string, at: number): boolean {
  let first = at;
  while (first > 0 && text[first - 1] === "\\") first -= 1;
  return (at - first) % 2 === 0;
}

function escapedBytes(bytes: Buffer): string {
  if (isPlain(bytes)) return bytes.toString("latin1");
  let text = "";
  let seen = 0;
  for (let at = 0; at < bytes.length;) {
    const width = shownWidth(bytes, at);
    if (width === 0) {
      const byte = bytes[at]!;
      text += bytes.toString("utf8", seen, at) + (byte === BACKSLASH ? "\\\\" : HEX[byte]);
      seen = at + 1;
    }
    at += width || 1;
  }
  return text + bytes.toString("utf8", seen, bytes.length);
}

function isPlain(bytes: Buffer): boolean {
  for (const byte of bytes)
    if ((byte < 32 && byte !== TAB) || byte > 126 || byte === BACKSLASH) return false;
  return true;
}

/** @returns bytes of the character that stands here and may be shown; 0 for a byte to be escaped */
function shownWidth(bytes: Buffer, at: number): number {
  const first = bytes[at]!;
  if (first < 0x80)
    return (first < 32 && first !== TAB) || first === 127 || first === BACKSLASH ? 0 : 1;
  const width = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (width === 0 || first > 0xf4 || at + width > bytes.length) return 0;
  let point = first & (0x7f >> width);
  for (let next = at + 1; next < at + width; next += 1) {
    if ((bytes[next]! & 0xc0) !== 0x80) return 0;
    point = (point << 6) | (bytes[next]! & 0x3f);
  }
  /* RFC 3629: the shortest form only, no surrogates, no more than U+10FFFF */
  if (point < [0x80, 0x800, 0x10000][width - 2]! || point > 0x10ffff) return 0;
  if (point >= 0xd800 && point <= 0xdfff) return 0;
  return UNSEEN.test(String.fromCodePoint(point)) ? 0 : width;
}

/**
 * A console log in the forms that people and programs want: from records as stored (console-log-record.ts)
 * to text, plain text, the machine's bytes or JSON Lines. Works on a stream in bounded memory, whatever
 * is in it; what is no record is left out.
 */
import {
  bytesOf,
  MAX_RECORD_LENGTH,
  parseRecord,
  type ConsoleLogRecord,
} from "./console-log-record.ts";
import { escapedInJson } from "./printable.ts";

/**
 * - text: the records as stored: a time, and a line that is safe to print
 * - plain: the lines alone, without what steers a terminal; lines that were stored in parts are joined
 * - raw: the machine's bytes. Printing them may do anything to a terminal
 * - json: an object a record: `time`, `text` as stored, `note` or `part` as true where it is one
 */
export const CONSOLE_LOG_FORMATS = ["text", "plain", "raw", "json"] as const;
export type ConsoleLogFormat = (typeof CONSOLE_LOG_FORMATS)[number];

/** Of each format, for an answer over HTTP. */
export const CONSOLE_LOG_TYPES: Readonly<Record<ConsoleLogFormat, string>> = {
  text: "text/plain; charset=utf-8",
  plain: "text/plain; charset=utf-8",
  raw: "application/octet-stream",
  json: "application/x-ndjson",
};

/** Joined parts of one line in the plain format; a longer one is broken. */
const LONGEST_PLAIN_BYTES = 64 * 1024;
/** Converted output is handed on in pieces of about this size. */
const PIECE_LENGTH = 64 * 1024;

/** @param chunks records with their LFs, cut anywhere */
export async function* formatLog(
  chunks: AsyncIterable<Uint8Array>,
  format: ConsoleLogFormat,
): AsyncGenerator<Buffer> {
  const convert = converter(format);
  let waiting: Buffer[] = [];
  let length = 0;
  const add = (bytes: Buffer): void => {
    waiting.push(bytes);
    length += bytes.length;
  };
  for await (const line of linesOf(chunks)) {
    const record = parseRecord(line);
    if (record) add(convert.take(record, line));
    if (length < PIECE_LENGTH) continue;
    yield Buffer.concat(waiting);
    waiting = [];
    length = 0;
  }
  add(convert.end());
  if (length > 0 || waiting.length > 1) yield Buffer.concat(waiting);
}

/** Lines without their LFs. One that is longer than any record is left out, as is one without LF. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let rest = Buffer.alloc(0);
  let tooLong = false;
  for await (const chunk of chunks) {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : Buffer.from(chunk);
    let at = 0;
    for (let lf = bytes.indexOf(10); lf >= 0; lf = bytes.indexOf(10, at)) {
      if (!tooLong && lf - at <= MAX_RECORD_LENGTH) yield bytes.toString("utf8", at, lf);
      tooLong = false;
      at = lf + 1;
    }
    rest = bytes.subarray(at);
    if (rest.length <= MAX_RECORD_LENGTH) continue;
    rest = Buffer.alloc(0);
    tooLong = true;
  }
}

interface Converter {
  take(record: ConsoleLogRecord, line: string): Buffer;
  /** What is left when there is nothing more. */
  end(): Buffer;
}

const NOTHING = Buffer.alloc(0);

function converter(format: ConsoleLogFormat): Converter {
  switch (format) {
    case "text":
      return { take: (_record, line) => Buffer.from(`${line}\n`), end: () => NOTHING };
    case "raw":
      return { take: bytesOf, end: () => NOTHING };
    case "json":
      return { take: (record) => Buffer.from(jsonLine(record)), end: () => NOTHING };
    case "plain":
      return new PlainConverter();
  }
}

function jsonLine({ time, text, kind }: ConsoleLogRecord): string {
  const mark = kind === "line" ? {} : { [kind]: true };
  return `${escapedInJson(JSON.stringify({ time, text, ...mark }))}\n`;
}

class PlainConverter implements Converter {
  #parts: Buffer[] = [];
  #length = 0;

  take(record: ConsoleLogRecord): Buffer {
    if (record.kind === "note") return NOTHING;
    const bytes = bytesOf(record);
    this.#parts.push(bytes);
    this.#length += bytes.length;
    return record.kind === "line" || this.#length > LONGEST_PLAIN_BYTES ? this.end() : NOTHING;
  }

  end(): Buffer {
    if (this.#length === 0) return NOTHING;
    const text = Buffer.concat(this.#parts).toString("utf8");
    this.#parts = [];
    this.#length = 0;
    return Buffer.from(`${plainLine(text)}\n`);
  }
}

/**
 * ECMA-48: control sequences, control strings up to their end or the end of the line, and escapes. Every
 * alternative takes what it can without going back, so that the time is linear.
 */
const SEQUENCE =
  // oxlint-disable-next-line no-control-regex
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]?|(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u009c|\u001b\\)?|\u001b[ -/]*[0-~]?/g;

/** As common/printable.ts has it, but for the tab. */
const UNSEEN = /(?!\t)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** A line that begins again after a lone CR (a progress bar) becomes several. */
function plainLine(text: string): string {
  return text
    .replaceAll(SEQUENCE, "")
    .replace(/[\r\n]+$/, "")
    .split(/\r+/)
    .map((line) => line.replaceAll(UNSEEN, ""))
    .join("\n");
}

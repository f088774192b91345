/**
 * Joins the parts of one node's console log, each in order of time, into one that is. Holds a line of
 * each part in memory, and reads no faster than it is read.
 */
import { linesOf } from "../common/console-log-format.ts";
import { parseRecord } from "../common/console-log-record.ts";

/** Lines are handed on in pieces of about this size. */
const PIECE_LENGTH = 64 * 1024;

interface Head {
  readonly lines: AsyncIterator<string>;
  line: string;
}

/**
 * @param parts records as stored, cut anywhere
 * @param skip records to leave out at the beginning of the whole
 */
export async function* mergeLogs(
  parts: readonly AsyncIterable<Uint8Array>[],
  skip = 0,
): AsyncGenerator<Uint8Array> {
  const [only] = parts;
  if (parts.length === 1 && only && skip === 0) {
    yield* only;
    return;
  }
  const heads = await headsOf(parts);
  let left = skip;
  let piece = "";
  while (heads.length > 0) {
    const first = heads.reduce((best, head) => (timeOf(head) < timeOf(best) ? head : best));
    if (left > 0) left -= 1;
    else piece += `${first.line}\n`;
    if (!(await advance(first))) heads.splice(heads.indexOf(first), 1);
    if (piece.length < PIECE_LENGTH) continue;
    yield Buffer.from(piece);
    piece = "";
  }
  if (piece !== "") yield Buffer.from(piece);
}

async function headsOf(parts: readonly AsyncIterable<Uint8Array>[]): Promise<Head[]> {
  const heads: Head[] = parts.map((part) => ({ lines: linesOf(part), line: "" }));
  const filled = await Promise.all(heads.map(advance));
  return heads.filter((_head, index) => filled[index]);
}

async function advance(head: Head): Promise<boolean> {
  for (;;) {
    const next = await head.lines.next();
    if (next.done) return false;
    if (!parseRecord(next.value)) continue;
    head.line = next.value;
    return true;
  }
}

/** Text sorts as the times do. */
function timeOf({ line }: Head): string {
  return line.slice(0, 24);
}

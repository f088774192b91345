/** The end of a node's log as the machine said it, for the scrollback of a proxy that was restarted. */
import { bytesOf, parseRecord } from "../../common/console-log-record.ts";
import { linesOf } from "../../common/console-log-format.ts";
import { readWindow } from "./log-window.ts";

/** A record of few bytes is mostly time; what is read is bounded by this much for each byte wanted. */
const STORED_FOR_A_BYTE = 8;

/** @returns at most `lines` whole lines and `maxBytes` bytes. @throws {Error} of the file system */
export async function lastBytes(
  folder: string,
  nodeUuid: string,
  wanted: { readonly lines: number; readonly maxBytes: number; readonly from?: number },
): Promise<Buffer> {
  const part = await readWindow(folder, nodeUuid, {
    lines: wanted.lines,
    maxBytes: wanted.maxBytes * STORED_FOR_A_BYTE,
    ...(wanted.from !== undefined && { from: wanted.from }),
  });
  if (!part) return Buffer.alloc(0);
  const pieces: Buffer[] = [];
  for await (const line of linesOf(part.chunks)) {
    const record = parseRecord(line);
    if (record && record.kind !== "note") pieces.push(bytesOf(record));
  }
  const bytes = Buffer.concat(pieces);
  if (bytes.length <= wanted.maxBytes) return bytes;
  const cut = bytes.subarray(bytes.length - wanted.maxBytes);
  return cut.subarray(cut.indexOf(10) + 1);
}

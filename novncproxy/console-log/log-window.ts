/**
 * Reads a part of a node's log: a window of time, or its last lines, as stored, file after file. Finds its
 * place by halving, and holds one block in memory and one file open, however long the log is.
 */
import type { FileHandle } from "node:fs/promises";
import { MAX_RECORD_LENGTH, parseRecord, repairedRecord } from "../../common/console-log-record.ts";
import { listLogFiles, nodeFolder, openLogFile, type LogFileName } from "./log-files.ts";

export interface LogWindow {
  /** From this time on, milliseconds since the epoch. */
  readonly from?: number;
  /** Before this time. */
  readonly to?: number;
  /** The last so many records of that. */
  readonly lines?: number;
  /** With `lines`: never more bytes from the end than about so many; earlier records are left out. */
  readonly maxBytes?: number;
}

export interface LogPart {
  /** How many records there are, when `lines` was asked for. */
  readonly lines?: number;
  /** Whole records with their LF, cut anywhere. Reads no further than it is asked to. */
  readonly chunks: AsyncIterable<Buffer>;
}

/** A piece of one file. */
interface Segment {
  readonly path: string;
  readonly start: number;
  readonly end: number;
  /** What follows the last LF, made a record. */
  readonly repaired: string;
}

const BLOCK_BYTES = 64 * 1024;
const LF = 10;
/** The time of a record and the blank behind it. */
const TIME_BYTES = 25;
/** A file's first record may have begun before what the file is named after. */
const SLACK_MILLISECONDS = 2000;

/** @returns undefined when the node has no log here. @throws {TypeError} for no UUID; {Error} of the file system */
export async function readWindow(
  folder: string,
  nodeUuid: string,
  window: LogWindow = {},
): Promise<LogPart | undefined> {
  const files = await listLogFiles(nodeFolder(folder, nodeUuid));
  if (files.length === 0) return undefined;
  const segments: Segment[] = [];
  for (const [index, file] of files.entries()) {
    const segment = await segmentOf(file, files[index + 1], window);
    if (segment) segments.push(segment);
  }
  if (window.lines === undefined) return { chunks: chunksOf(segments) };
  const last = await lastRecords(segments, window.lines, window.maxBytes ?? Infinity);
  return { lines: last.lines, chunks: chunksOf(last.segments) };
}

async function segmentOf(
  file: LogFileName,
  next: LogFileName | undefined,
  { from = -Infinity, to = Infinity }: LogWindow,
): Promise<Segment | undefined> {
  if (file.startsAt - SLACK_MILLISECONDS >= to) return undefined;
  return withFile(file.path, async (handle) => {
    const { size, mtimeMs } = await handle.stat();
    const before = from - SLACK_MILLISECONDS;
    if (next && next.startsAt <= before && mtimeMs < before) return undefined;
    const whole = await endOfRecords(handle, size);
    const start =
      file.startsAt >= from + SLACK_MILLISECONDS ? 0 : await offsetAt(handle, whole, from);
    const end = to === Infinity ? whole : await offsetAt(handle, whole, to);
    /* The newest file may just be written to: half a record is whole in a moment. */
    const half = next && size > whole && end === whole;
    const repaired = half ? repairedRecord(await textAt(handle, whole, size)) : undefined;
    const inTime = repaired !== undefined && Date.parse(repaired.slice(0, 24)) < to;
    return { path: file.path, start, end, repaired: inTime ? `${repaired}\n` : "" };
  });
}

/** The offset behind the last LF. */
async function endOfRecords(handle: FileHandle, size: number): Promise<number> {
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - BLOCK_BYTES);
    const lf = (await bytesAt(handle, start, end)).lastIndexOf(LF);
    if (lf >= 0) return start + lf + 1;
    end = start;
  }
  return 0;
}

/** @returns offset of the first record of this time or later, or `size`; times never go back in a file */
async function offsetAt(handle: FileHandle, size: number, time: number): Promise<number> {
  if (time === -Infinity) return 0;
  let low = 0;
  let high = size;
  while (high - low > BLOCK_BYTES) {
    const middle = Math.floor((low + high) / 2);
    const found = await firstRecord(handle, middle, high);
    if (found && found.time < time) low = found.offset;
    else high = middle;
  }
  const end = Math.min(size, high + MAX_RECORD_LENGTH + TIME_BYTES);
  for (const { offset, time: at } of recordsIn(await bytesAt(handle, low, end), low))
    if (at >= time) return offset;
  return end;
}

async function firstRecord(
  handle: FileHandle,
  from: number,
  end: number,
): Promise<{ readonly offset: number; readonly time: number } | undefined> {
  const block = await bytesAt(handle, from, Math.min(end, from + BLOCK_BYTES));
  const lf = block.indexOf(LF);
  if (lf < 0) return undefined;
  for (const record of recordsIn(block.subarray(lf + 1), from + lf + 1)) return record;
  return undefined;
}

function* recordsIn(
  block: Buffer,
  offset: number,
): Generator<{ readonly offset: number; readonly time: number }> {
  for (let at = 0; at < block.length;) {
    const lf = block.indexOf(LF, at);
    const line = block.toString(
      "latin1",
      at,
      Math.min(lf < 0 ? block.length : lf, at + TIME_BYTES),
    );
    const record = parseRecord(line);
    if (record) yield { offset: offset + at, time: Date.parse(record.time) };
    if (lf < 0) return;
    at = lf + 1;
  }
}

/** Walks back from the end, counting LFs. */
async function lastRecords(
  segments: readonly Segment[],
  wanted: number,
  maxBytes: number,
): Promise<{ readonly segments: Segment[]; readonly lines: number }> {
  const kept: Segment[] = [];
  let lines = 0;
  let left = maxBytes;
  for (const segment of segments.toReversed()) {
    if (lines >= wanted || left <= 0) break;
    if (segment.repaired !== "") lines += 1;
    const found = await withFile(segment.path, (handle) =>
      startOfLast(
        handle,
        { ...segment, start: Math.max(segment.start, segment.end - left) },
        wanted - lines,
      ),
    );
    if (!found) continue;
    lines += found.lines;
    left -= segment.end - found.start;
    kept.unshift({ ...segment, start: found.start });
    if (found.start > segment.start && lines < wanted) break;
  }
  return { segments: kept, lines };
}

async function startOfLast(
  handle: FileHandle,
  { start, end }: Pick<Segment, "start" | "end">,
  wanted: number,
): Promise<{ readonly start: number; readonly lines: number }> {
  let lines = 0;
  let first = end;
  for (let blockEnd = end; blockEnd > start;) {
    const blockStart = Math.max(start, blockEnd - BLOCK_BYTES);
    const block = await bytesAt(handle, blockStart, blockEnd);
    for (
      let lf = block.lastIndexOf(LF);
      lf >= 0;
      lf = lf > 0 ? block.lastIndexOf(LF, lf - 1) : -1
    ) {
      /* Behind this LF a record begins, except behind the last one. */
      if (blockStart + lf + 1 < end) {
        first = blockStart + lf + 1;
        lines += 1;
        if (lines >= wanted) return { start: first, lines };
      }
    }
    blockEnd = blockStart;
  }
  const atStart = start === 0 || (await isRecordStart(handle, start));
  return atStart && end > start && wanted > 0
    ? { start, lines: lines + 1 }
    : { start: first, lines };
}

async function isRecordStart(handle: FileHandle, offset: number): Promise<boolean> {
  return (await bytesAt(handle, offset - 1, offset))[0] === LF;
}

async function* chunksOf(segments: readonly Segment[]): AsyncGenerator<Buffer> {
  for (const { path, start, end, repaired } of segments) {
    const handle = await openLogFile(path);
    if (!handle) continue; /* deleted meanwhile, as the oldest one */
    try {
      for (let at = start; at < end; at += BLOCK_BYTES)
        yield await bytesAt(handle, at, Math.min(end, at + BLOCK_BYTES));
      if (repaired !== "") yield Buffer.from(repaired);
    } finally {
      await handle.close();
    }
  }
}

async function withFile<T>(
  path: string,
  work: (handle: FileHandle) => Promise<T>,
): Promise<T | undefined> {
  const handle = await openLogFile(path);
  if (!handle) return undefined;
  try {
    return await work(handle);
  } finally {
    await handle.close();
  }
}

async function textAt(handle: FileHandle, start: number, end: number): Promise<string> {
  return (await bytesAt(handle, start, Math.min(end, start + MAX_RECORD_LENGTH))).toString();
}

async function bytesAt(handle: FileHandle, start: number, end: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(end - start);
  let length = 0;
  while (length < bytes.length) {
    const { bytesRead } = await handle.read(bytes, length, bytes.length - length, start + length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return bytes.subarray(0, length);
}

/**
 * Brings the records of one line to the disk: in order, behind the line's back, in bounded memory, into
 * files that begin anew at a size and at midnight (UTC). What the disk did not take is tried again after
 * a pause; what does not fit into memory meanwhile is dropped and counted.
 */
import { unlink, type FileHandle } from "node:fs/promises";
import type { Places } from "../places.ts";
import { createLogFile, deleteOldLogFiles } from "./log-files.ts";
import type { LineLogMetrics } from "./log-metrics.ts";

/** What all lines of a proxy share. */
export interface LineLogShared {
  readonly fileBytes: number;
  readonly files: number;
  readonly metrics?: LineLogMetrics;
  readonly writing: Places;
  /** Records of all lines that wait for the disk. */
  readonly budget: { usedBytes: number };
}

/**
 * Writes of all lines at the same time. FACT(libuv): file operations run in 4 threads, in which names are
 * looked up too; a disk that hangs must not take them all.
 */
export const WRITES_AT_ONCE = 2;
/** Waiting records of one line, of all lines, and at which a line does not wait for the next tick. */
const MOST_WAITING_BYTES = 512 * 1024;
const MOST_WAITING_BYTES_OF_ALL = 64 * 1024 * 1024;
const FULL_BUFFER_BYTES = 64 * 1024;
/** After a failure. */
const PAUSE_MILLISECONDS = 2000;
/** A disk that hangs does not keep a line from being closed. */
const LONGEST_WAIT_MILLISECONDS = 1000;
const DAY_MILLISECONDS = 86_400_000;

interface Waiting {
  readonly bytes: Buffer;
  /** Of the last record in it. */
  readonly time: number;
}

interface OpenFile {
  readonly path: string;
  readonly handle: FileHandle;
  size: number;
  lastTime: number;
}

export class LineLogWriter {
  readonly #shared: LineLogShared;
  readonly #folder: string;
  readonly #events: { readonly failed: (error: unknown) => void; readonly healed: () => void };
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #file: OpenFile | undefined;
  /** So much of the first waiting bytes is in the file already. */
  #written = 0;
  #working: Promise<void> | undefined;
  #failedAt: number | undefined;
  #closed = false;
  /** Machine bytes dropped since somebody set this to 0. */
  lostBytes = 0;

  constructor(
    shared: LineLogShared,
    folder: string,
    events: { readonly failed: (error: unknown) => void; readonly healed: () => void },
  ) {
    this.#shared = shared;
    this.#folder = folder;
    this.#events = events;
  }

  get isIdle(): boolean {
    return this.#waiting.length === 0 && !this.#working;
  }

  get hasRoom(): boolean {
    return (
      this.#waitingBytes < MOST_WAITING_BYTES &&
      this.#shared.budget.usedBytes < MOST_WAITING_BYTES_OF_ALL
    );
  }

  /** @param machineBytes how many bytes of the machine are lost when it is dropped */
  push(records: string, time: number, machineBytes: number): void {
    if (!this.hasRoom) {
      this.lostBytes += machineBytes;
      this.#shared.metrics?.dropped.inc(machineBytes);
      return;
    }
    const bytes = Buffer.from(records);
    this.#waiting.push({ bytes, time });
    this.#count(bytes.length);
    if (this.#waitingBytes >= FULL_BUFFER_BYTES) this.poke();
  }

  /** Writes soon, unless the disk failed a moment ago. */
  poke(): void {
    if (this.#working || this.#waiting.length === 0) return;
    const pause = this.#failedAt !== undefined && performance.now() - this.#failedAt;
    if (pause !== false && pause < PAUSE_MILLISECONDS) return;
    this.#working = this.#shared.writing
      .during(() => this.#drain())
      .finally(() => {
        this.#working = undefined;
      });
  }

  /** Writes what waits; resolves when it is done, could not be done, or takes too long. */
  async flush(): Promise<void> {
    this.poke();
    const end = performance.now() + LONGEST_WAIT_MILLISECONDS;
    while (this.#working && performance.now() < end) {
      await orLater(this.#working, end - performance.now());
      this.poke();
    }
  }

  /** Writes what waits and closes the file. */
  async close(): Promise<void> {
    if (this.#failedAt !== undefined) this.#failedAt = Number.NEGATIVE_INFINITY;
    await this.flush();
    this.#closed = true;
    if (this.#waitingBytes > 0) this.#shared.metrics?.dropped.inc(this.#waitingBytes);
    this.#count(-this.#waitingBytes);
    this.#waiting = [];
    if (!this.#working) await orLater(this.#closeFile(), LONGEST_WAIT_MILLISECONDS);
  }

  async #drain(): Promise<void> {
    try {
      for (let first = this.#waiting[0]; first; first = this.#waiting[0]) {
        const file = await this.#fileFor(first);
        if (!(await this.#write(file))) break;
      }
      if (this.#failedAt !== undefined && !this.#closed) this.#events.healed();
      this.#failedAt = undefined;
    } catch (error) {
      this.#failedAt = performance.now();
      if (!this.#closed) this.#events.failed(error);
      /* A full disk takes on where it stopped; whatever else there is, a new file is better. */
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "ENOSPC" && code !== "EDQUOT") await this.#closeFile();
    }
    if (this.#closed) await this.#closeFile();
  }

  /** Writes as much as belongs into this file. @returns false when nothing waits any more */
  async #write(file: OpenFile): Promise<boolean> {
    const batch: Buffer[] = [];
    let bytes = 0;
    let { lastTime } = file;
    for (const next of this.#waiting) {
      const isFull = this.#isFull(file.size + bytes, lastTime, next);
      if (batch.length > 0 && (bytes >= FULL_BUFFER_BYTES || isFull)) break;
      batch.push(next.bytes);
      bytes += next.bytes.length - (batch.length === 1 ? this.#written : 0);
      lastTime = next.time;
    }
    const data = Buffer.concat(batch).subarray(this.#written);
    const isNew = file.size === 0;
    for (let at = 0; at < data.length;) {
      const { bytesWritten } = await file.handle.write(data, at, data.length - at, null);
      at += bytesWritten;
      file.size += bytesWritten;
      this.#written += bytesWritten;
      this.#shared.metrics?.written.inc(bytesWritten);
    }
    if (this.#closed) return false;
    file.lastTime = lastTime;
    this.#written = 0;
    this.#waiting.splice(0, batch.length);
    this.#count(-batch.reduce((sum, one) => sum + one.length, 0));
    /* Not before it holds something: attempts that fail must not push the history out. */
    if (isNew) await deleteOldLogFiles(this.#folder, this.#shared.files).catch(this.#events.failed);
    return this.#waiting.length > 0;
  }

  async #fileFor(next: Waiting): Promise<OpenFile> {
    const file = this.#file;
    if (file && (this.#written > 0 || !this.#isFull(file.size, file.lastTime, next))) return file;
    await this.#closeFile();
    this.#skipHalfRecord();
    const created = await createLogFile(this.#folder, next.time);
    return (this.#file = { ...created, size: 0, lastTime: next.time });
  }

  /** A new day, a step of the clock back, or no room. */
  #isFull(size: number, lastTime: number, next: Waiting): boolean {
    if (size === 0) return false;
    return (
      next.time < lastTime ||
      dayOf(next.time) !== dayOf(lastTime) ||
      size + next.bytes.length > this.#shared.fileBytes
    );
  }

  /** The file that has the beginning of it is not written to any more. */
  #skipHalfRecord(): void {
    while (this.#written > 0) {
      const first = this.#waiting[0];
      if (!first) {
        this.#written = 0;
        return;
      }
      const inFirst = Math.min(this.#written, first.bytes.length);
      const isWhole = first.bytes[inFirst - 1] === 10;
      const lf = first.bytes.indexOf(10, inFirst);
      const rest = first.bytes.subarray(isWhole ? inFirst : lf < 0 ? first.bytes.length : lf + 1);
      this.#count(rest.length - first.bytes.length);
      this.#written -= inFirst;
      if (rest.length > 0) this.#waiting[0] = { ...first, bytes: rest };
      else this.#waiting.shift();
    }
  }

  async #closeFile(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    if (!file) return;
    await file.handle.close().catch(() => undefined);
    if (file.size === 0) await unlink(file.path).catch(() => undefined);
  }

  #count(bytes: number): void {
    this.#waitingBytes += bytes;
    this.#shared.budget.usedBytes += bytes;
  }
}

function dayOf(time: number): number {
  return Math.floor(time / DAY_MILLISECONDS);
}

function orLater(work: Promise<void>, milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    void work.finally(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

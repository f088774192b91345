/**
 * What machines say on their serial lines, into files: `<folder>/<node>/<UTC start time>.log`, the records
 * of common/console-log-record.ts. A line is given its log with `open`, and writes to it as bytes come;
 * nothing here ever waits for the disk, blocks the line or throws into it. A full or broken disk costs
 * log, which is counted and said; it heals by itself.
 */
import type { Clock } from "../../common/clock.ts";
import { messageOf } from "../../common/errors.ts";
import type { Logger } from "../../common/log.ts";
import { Places } from "../places.ts";
import { ConsoleLogRecords } from "./log-records.ts";
import { nodeFolder } from "./log-files.ts";
import type { LineLogMetrics } from "./log-metrics.ts";
import { lastBytes } from "./log-tail.ts";
import { LineLogWriter, WRITES_AT_ONCE, type LineLogShared } from "./log-writer.ts";

export interface LineLogsOptions {
  /** [console]log_dir, absolute. */
  readonly folder: string;
  /** Size at which a new file is begun. */
  readonly fileBytes: number;
  /** Files kept for each node. */
  readonly files: number;
  readonly log: Logger;
  readonly clock: Clock;
  readonly metrics?: LineLogMetrics;
  /** How often is written; a kill loses what came in twice this time. Default 500. */
  readonly tickMilliseconds?: number;
}

const TICK_MILLISECONDS = 500;
/** A step of the clock back by less is hidden, by more begins a new file: records stay in order. */
const HIDDEN_STEP_MILLISECONDS = 2000;
/** What comes at once is turned into records in parts, so that no part outgrows a file. */
const PART_BYTES = 2048;

export class LineLogs {
  readonly #options: LineLogsOptions;
  readonly #shared: LineLogShared;
  readonly #open = new Set<LineLog>();
  /** Runs while there is something to write. */
  #timer: NodeJS.Timeout | undefined;
  readonly #dirty = new Set<LineLog>();
  /** Nodes whose log cannot be written now. */
  readonly #failing = new Set<string>();

  constructor(options: LineLogsOptions) {
    this.#options = options;
    this.#shared = { ...options, writing: new Places(WRITES_AT_ONCE), budget: { usedBytes: 0 } };
  }

  /** Begins a log for a line. No file is made before there is something to write. @throws {TypeError} for no UUID */
  open(nodeUuid: string): LineLog {
    const writer = new LineLogWriter(this.#shared, nodeFolder(this.#options.folder, nodeUuid), {
      failed: (error) => this.#failed(nodeUuid, error),
      healed: () => this.#healed(nodeUuid),
    });
    const lineLog: LineLog = new LineLog(this.#options, nodeUuid, writer, {
      dirty: () => this.#isDirty(lineLog),
      closed: () => this.#closed(lineLog),
    });
    this.#open.add(lineLog);
    return lineLog;
  }

  /** Writes what a node's open logs hold, so that a reader finds it; waits a second at most. */
  async flush(nodeUuid: string): Promise<void> {
    const logs = [...this.#open].filter((one) => one.nodeUuid === nodeUuid);
    await Promise.all(logs.map((one) => one.flush()));
  }

  /** Closes every log. */
  async close(): Promise<void> {
    await Promise.all([...this.#open].map((lineLog) => lineLog.close()));
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #isDirty(lineLog: LineLog): void {
    this.#dirty.add(lineLog);
    this.#timer ??= setInterval(
      () => this.#tick(),
      this.#options.tickMilliseconds ?? TICK_MILLISECONDS,
    );
  }

  #tick(): void {
    for (const lineLog of this.#dirty) if (lineLog.tick()) this.#dirty.delete(lineLog);
    if (this.#dirty.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #closed(lineLog: LineLog): void {
    this.#open.delete(lineLog);
    this.#dirty.delete(lineLog);
    if (![...this.#open].some((one) => one.nodeUuid === lineLog.nodeUuid))
      this.#failing.delete(lineLog.nodeUuid);
    if (this.#open.size === 0) this.#tick();
  }

  /** One warning however many lines share the disk. */
  #failed(node: string, error: unknown): void {
    this.#options.metrics?.failures.inc();
    if (this.#failing.size === 0)
      this.#options.log.warn("console logs cannot be written", { node, error: messageOf(error) });
    this.#failing.add(node);
  }

  #healed(node: string): void {
    if (this.#failing.delete(node) && this.#failing.size === 0)
      this.#options.log.info("console logs are written again");
  }
}

/** The log of one line, for as long as a proxy has the line. */
export class LineLog {
  readonly nodeUuid: string;
  readonly #options: LineLogsOptions;
  readonly #writer: LineLogWriter;
  readonly #events: { readonly dirty: () => void; readonly closed: () => void };
  readonly #records = new ConsoleLogRecords();
  #lastTime = 0;
  /** The unfinished line was there at the tick before. */
  #waited = false;
  #closing: Promise<void> | undefined;

  constructor(
    options: LineLogsOptions,
    nodeUuid: string,
    writer: LineLogWriter,
    events: { readonly dirty: () => void; readonly closed: () => void },
  ) {
    this.#options = options;
    this.nodeUuid = nodeUuid;
    this.#writer = writer;
    this.#events = events;
  }

  /** What the machine said. The bytes may be reused afterwards. */
  write(bytes: Uint8Array): void {
    if (this.#closing || bytes.length === 0) return;
    const time = this.#now();
    for (let at = 0; at < bytes.length; at += PART_BYTES) {
      const part = bytes.subarray(at, at + PART_BYTES);
      const before = this.#records.partialBytes;
      const records = this.#records.take(part, time);
      this.#push(records, time, before + part.length - this.#records.partialBytes);
    }
    this.#events.dirty();
  }

  /** What happened to the line, in words: connected, reconnecting, taken, break sent. */
  note(text: string): void {
    if (this.#closing) return;
    const time = this.#now();
    const before = this.#records.partialBytes;
    this.#push(this.#records.note(text, time), time, before);
    this.#events.dirty();
  }

  /**
   * What the machine said last, as it said it: for the scrollback after a restart of the proxy.
   * @param sinceMilliseconds leaves out what was said before this time
   * @returns whole lines, at most `lines` and `maxBytes`; empty when there is no log or it cannot be read
   */
  async tail(lines: number, maxBytes: number, sinceMilliseconds?: number): Promise<Buffer> {
    await this.flush();
    try {
      return await lastBytes(this.#options.folder, this.nodeUuid, {
        lines,
        maxBytes,
        ...(sinceMilliseconds !== undefined && { from: sinceMilliseconds }),
      });
    } catch (error) {
      this.#options.log.warn("a console log cannot be read", {
        node: this.nodeUuid,
        error: messageOf(error),
      });
      return Buffer.alloc(0);
    }
  }

  /** Writes what is held now; waits a second at most, and never throws. */
  flush(): Promise<void> {
    return this.#writer.flush();
  }

  /** Writes the rest and closes the file; waits a second at most, and never throws. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** @returns true when nothing is left to write */
  tick(): boolean {
    if (this.#waited) this.#cut();
    this.#waited = this.#records.partialBytes > 0;
    this.#writer.poke();
    return !this.#waited && this.#writer.isIdle;
  }

  async #close(): Promise<void> {
    this.#cut();
    await this.#writer.flush();
    this.#push("", this.#now(), 0); /* the note of what is missing, if something is */
    await this.#writer.close();
    this.#events.closed();
  }

  #cut(): void {
    const before = this.#records.partialBytes;
    this.#push(this.#records.cut(), this.#now(), before);
  }

  #push(records: string, time: number, machineBytes: number): void {
    const lost = this.#writer.lostBytes;
    if (lost > 0 && this.#writer.hasRoom) {
      this.#writer.lostBytes = 0;
      const gap = this.#records.note(`${lost} bytes are missing here, the disk took nothing`, time);
      this.#writer.push(gap, time, 0);
    }
    if (records !== "") this.#writer.push(records, time, machineBytes);
  }

  #now(): number {
    const now = this.#options.clock.now();
    const back = this.#lastTime - now;
    if (back <= 0 || back > HIDDEN_STEP_MILLISECONDS) this.#lastTime = now;
    return this.#lastTime;
  }
}

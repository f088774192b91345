/**
 * Keeps the rows of the lines that this proxy holds up to date: what each of them does, at most once a
 * second. A database that fails never troubles a line; what could not be written is written later.
 */
import type { Clock } from "../../common/clock.ts";
import type { ConsoleLineRepository } from "../../db/database.ts";
import type { LineStatus } from "./line-status.ts";
import type { SerialLine } from "./serial-line.ts";

const PAUSE_MILLISECONDS = 1000;

interface Written {
  readonly status: LineStatus | undefined;
  readonly at: number;
}

export class LineReports {
  readonly #lines: Pick<ConsoleLineRepository, "report">;
  readonly #host: string;
  readonly #clock: Clock;
  readonly #written = new WeakMap<SerialLine, Written>();
  readonly #due = new Set<SerialLine>();
  readonly #writing = new Set<Promise<void>>();

  constructor(lines: Pick<ConsoleLineRepository, "report">, host: string, clock: Clock) {
    this.#lines = lines;
    this.#host = host;
    this.#clock = clock;
  }

  /** The status of a line changed: it is written now, or by the next `write`. */
  note(line: SerialLine): void {
    if (line.ended) return;
    this.#due.add(line);
    const at = this.#written.get(line)?.at ?? -Infinity;
    if (this.#clock.now() - at < PAUSE_MILLISECONDS) return;
    const writing = this.#write(line).catch(() => undefined);
    this.#writing.add(writing);
    void writing.finally(() => this.#writing.delete(writing));
  }

  /** Writes what is due. @throws what the database throws */
  async write(): Promise<void> {
    for (const line of this.#due) await this.#write(line);
  }

  forget(line: SerialLine): void {
    this.#due.delete(line);
  }

  /** Waits for what is being written. */
  async settle(): Promise<void> {
    await Promise.all(this.#writing);
  }

  async #write(line: SerialLine): Promise<void> {
    const { status } = line;
    this.#due.delete(line);
    const before = this.#written.get(line);
    if (before?.status === status) return;
    this.#written.set(line, { status, at: this.#clock.now() });
    try {
      await this.#lines.report(line.nodeUuid, this.#host, status);
    } catch (error) {
      this.#written.set(line, { status: undefined, at: this.#clock.now() });
      if (!line.ended) this.#due.add(line);
      throw error;
    }
  }
}

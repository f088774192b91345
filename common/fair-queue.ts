/**
 * Few at a time, the others in short lines: one line a source, and the lines take turns. A source that
 * sends much fills its own line and nobody else's. Nothing waits without bound.
 */
import { TemporaryFailure } from "./errors.ts";

export interface FairQueueLimits {
  readonly running: number;
  readonly waiting: number;
  readonly waitingOfOneSource: number;
}

interface Waiting {
  readonly start: () => void;
  readonly refuse: (error: Error) => void;
}

export class FairQueue {
  readonly #limits: FairQueueLimits;
  /** In the order of their turns; no line is empty. */
  readonly #lines = new Map<string, Waiting[]>();
  #running = 0;
  #waiting = 0;

  constructor(limits: FairQueueLimits) {
    this.#limits = limits;
  }

  /** @throws {TemporaryFailure} when there is no place in line, or it went to a source that has none */
  async run<T>(source: string, work: () => Promise<T>): Promise<T> {
    await this.#turn(source);
    try {
      return await work();
    } finally {
      this.#next();
    }
  }

  async #turn(source: string): Promise<void> {
    if (this.#running < this.#limits.running) {
      this.#running += 1;
      return;
    }
    const line = this.#lines.get(source) ?? [];
    if (line.length >= this.#limits.waitingOfOneSource) throw tooMany();
    if (this.#waiting >= this.#limits.waiting) this.#makeRoom(line.length);
    await new Promise<void>((start, refuse) => {
      line.push({ start, refuse });
      this.#lines.set(source, line);
      this.#waiting += 1;
    });
  }

  /** The last of the longest line goes, when that line stays no shorter than the newcomer's will be. */
  #makeRoom(newcomersLength: number): void {
    let longest: [string, Waiting[]] | undefined;
    for (const entry of this.#lines)
      if (entry[1].length > (longest?.[1].length ?? newcomersLength + 1)) longest = entry;
    if (!longest) throw tooMany();
    const [source, line] = longest;
    line.pop()?.refuse(tooMany());
    this.#waiting -= 1;
    if (line.length === 0) this.#lines.delete(source);
  }

  /** Hands the free place to the line whose turn it is, which then goes behind the others. */
  #next(): void {
    for (const [source, line] of this.#lines) {
      const first = line.shift();
      this.#lines.delete(source);
      if (line.length > 0) this.#lines.set(source, line);
      this.#waiting -= 1;
      first?.start();
      return;
    }
    this.#running -= 1;
  }
}

function tooMany(): TemporaryFailure {
  return new TemporaryFailure("too many logins at the same time, try again");
}

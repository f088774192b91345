/**
 * The transfers of an image server that go on: a link that ends in the middle (detached, expired, the node
 * changed hands) ends its transfers too, as does a reader that stands still; what was read is noted.
 */
import type { Clock } from "../common/clock.ts";
import type { Logger } from "../common/log.ts";
import type { Database } from "../db/database.ts";
import type { ImageGrants } from "./image-grants.ts";

const LOOK_MS = 2000;
/** FACT(OpenBMC nbdkit, iDRAC): BMCs ask for what they need; one that leaves an answer lying about has gone. */
const STANDSTILL_MS = 600_000;
/** Of one link at a time: BMCs open a few. */
const MOST_PER_GRANT = 16;

export interface Progress {
  /** Bytes handed to the connection so far. */
  readonly bytesRead: number;
}

export interface Transfer {
  readonly signal: AbortSignal;
  /** Once the file is open: what has been sent. */
  follow(progress: Progress): void;
  end(): void;
}

interface Running {
  readonly grantId: string;
  readonly ending: AbortController;
  progress: Progress;
  noted: number;
  movedAt: number;
}

export class ImageTransfers {
  readonly #grants: ImageGrants;
  readonly #database: Pick<Database, "media">;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #running = new Set<Running>();
  readonly #unnoted = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();

  constructor(deps: {
    readonly grants: ImageGrants;
    readonly database: Pick<Database, "media">;
    readonly clock: Clock;
    readonly log: Logger;
  }) {
    this.#grants = deps.grants;
    this.#database = deps.database;
    this.#clock = deps.clock;
    this.#log = deps.log;
  }

  /** @returns undefined when this link has too many already */
  begin(grantId: string): Transfer | undefined {
    const same = [...this.#running].filter((one) => one.grantId === grantId);
    if (same.length >= MOST_PER_GRANT) return undefined;
    const running: Running = {
      grantId,
      ending: new AbortController(),
      progress: { bytesRead: 0 },
      noted: 0,
      movedAt: this.#clock.now(),
    };
    this.#running.add(running);
    this.#timer ??= setInterval(() => {
      this.#looking = this.#look();
    }, LOOK_MS);
    return {
      signal: running.ending.signal,
      follow: (progress) => {
        running.progress = progress;
      },
      end: () => {
        this.#count(running);
        this.#running.delete(running);
      },
    };
  }

  /** Ends all. Resolves when what was read is noted. */
  async stop(): Promise<void> {
    for (const { ending } of this.#running) ending.abort();
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#looking;
    await this.#note();
  }

  async #look(): Promise<void> {
    try {
      const now = this.#clock.now();
      for (const running of this.#running) {
        if (this.#count(running)) running.movedAt = now;
        else if (now - running.movedAt > STANDSTILL_MS) running.ending.abort();
      }
      await this.#note();
      for (const grantId of new Set([...this.#running].map((one) => one.grantId)))
        if (!(await this.#grants.stillServed(grantId))) this.#endAll(grantId);
    } catch (error) {
      this.#log.warn("could not look after transfers of images", { error });
    }
    if (this.#running.size > 0 || this.#unnoted.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #endAll(grantId: string): void {
    for (const running of this.#running) if (running.grantId === grantId) running.ending.abort();
  }

  /** @returns true when it has moved */
  #count(running: Running): boolean {
    const bytes = running.progress.bytesRead - running.noted;
    if (bytes <= 0) return false;
    running.noted += bytes;
    this.#unnoted.set(running.grantId, (this.#unnoted.get(running.grantId) ?? 0) + bytes);
    return true;
  }

  async #note(): Promise<void> {
    const noted = [...this.#unnoted];
    this.#unnoted.clear();
    for (const [grantId, bytes] of noted) await this.#database.media.noteServed(grantId, bytes);
  }
}

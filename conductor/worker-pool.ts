/**
 * Counts what a conductor is working on: background workers, limited by [conductor]workers_pool_size,
 * and calls that somebody waits for. It is what stop waits for; it knows nothing of nodes.
 */
import { messageOf, NoFreeConductorWorker, ShuttingDown } from "../common/errors.ts";
import type { Logger } from "../common/log.ts";
import { pause } from "./deadline.ts";

/** How long work may take to notice that it was aborted; what is longer is left behind with a log line. */
const ABORT_GRACE_SECONDS = 12;

/** A place in the pool, taken before anything is written, so that a full pool changes nothing. */
export interface WorkerSlot {
  /** Starts the worker; it must not be awaited by the caller. Errors are logged. */
  run(name: string, work: () => Promise<void>): void;
  /** Gives the place back unused; nothing happens after run. */
  giveBack(): void;
}

export class WorkerPool {
  readonly #limit: number;
  readonly #log: Logger;
  readonly #abort = new AbortController();
  readonly #running = new Map<symbol, { name: string; done: Promise<unknown> }>();
  #taken = 0;
  #stopping = false;

  constructor(limit: number, log: Logger) {
    this.#limit = limit;
    this.#log = log;
  }

  /** Aborts when stop has waited long enough. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  /** @throws {NoFreeConductorWorker} when all are busy, {@link ShuttingDown} */
  takeSlot(): WorkerSlot {
    this.#refuseWhenStopping();
    if (this.#taken >= this.#limit) throw new NoFreeConductorWorker();
    this.#taken += 1;
    let state: "taken" | "running" | "free" = "taken";
    const free = (from: "taken" | "running"): void => {
      if (state !== from) return;
      state = "free";
      this.#taken -= 1;
    };
    return {
      giveBack: () => free("taken"),
      run: (name, work) => {
        state = "running";
        const logged = work().catch((error: unknown) => {
          this.#log.error("a background worker failed", { worker: name, error });
        });
        void this.#track(
          name,
          logged.finally(() => free("running")),
        );
      },
    };
  }

  /** Runs a call that its caller waits for: not limited, but stop waits for it. @throws {ShuttingDown} */
  async attend<T>(name: string, call: () => Promise<T>): Promise<T> {
    this.#refuseWhenStopping();
    return await this.#track(name, call());
  }

  /**
   * Takes no new work, waits up to `graceSeconds` for what runs, then aborts it and waits shortly. The
   * signal is aborted in any case afterwards, which ends jobs that are not counted here.
   */
  async stop(graceSeconds: number): Promise<void> {
    this.#stopping = true;
    const quiet = await this.#quiet(graceSeconds);
    if (!quiet) this.#log.warn("ending work in progress", { workers: this.#names() });
    this.#abort.abort(new ShuttingDown("the conductor is shutting down"));
    if (!quiet && !(await this.#quiet(ABORT_GRACE_SECONDS)))
      this.#log.error("left behind work that did not end", { workers: this.#names() });
  }

  async #track<T>(name: string, done: Promise<T>): Promise<T> {
    const key = Symbol(name);
    this.#running.set(key, { name, done });
    try {
      return await done;
    } finally {
      this.#running.delete(key);
    }
  }

  /** @returns true when nothing runs any more */
  async #quiet(seconds: number): Promise<boolean> {
    const enough = new AbortController();
    const timeout = pause(seconds * 1000, enough.signal).then(() => "late" as const);
    const finished = this.#drained().then(() => "quiet" as const);
    const outcome = await Promise.race([finished, timeout]);
    enough.abort();
    await timeout;
    return outcome === "quiet" || this.#running.size === 0;
  }

  async #drained(): Promise<void> {
    while (this.#running.size > 0)
      await Promise.allSettled([...this.#running.values()].map((entry) => entry.done));
  }

  #names(): string[] {
    return [...this.#running.values()].map((entry) => entry.name);
  }

  #refuseWhenStopping(): void {
    if (this.#stopping) throw new ShuttingDown("the conductor is shutting down");
  }
}

/** For log lines about work whose failure must not stop the rest. */
export function logFailure(log: Logger, message: string, fields: object): (error: unknown) => void {
  return (error) => {
    log.warn(message, { ...fields, reason: messageOf(error) });
  };
}

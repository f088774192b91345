/**
 * Runs the conductor's periodic jobs, each on its own timer. A run is skipped while the one before is
 * unfinished, a failing run is logged and the next one comes; stop ends timers and waits for runs.
 */
import type { Logger } from "../common/log.ts";

export interface PeriodicJob {
  readonly name: string;
  /** 0 never runs it. */
  readonly spacingSeconds: number;
  /** Each timed run is put off by up to so many seconds, at random. */
  readonly jitterSeconds?: number;
  /** What it resolves to is dropped. */
  readonly run: () => Promise<unknown>;
}

export class Periodics {
  readonly #jobs: ReadonlyMap<string, PeriodicJob>;
  readonly #log: Logger;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #running = new Map<string, Promise<void>>();
  #stopped = false;

  constructor(jobs: readonly PeriodicJob[], log: Logger) {
    this.#jobs = new Map(jobs.map((job) => [job.name, job]));
    this.#log = log;
  }

  start(): void {
    for (const job of this.#jobs.values())
      if (job.spacingSeconds > 0)
        this.#timers.add(setInterval(() => this.#due(job), job.spacingSeconds * 1000));
  }

  /** Runs one job now; while it runs already, waits for that run instead. Never throws. */
  run(name: string): Promise<void> {
    const job = this.#jobs.get(name);
    if (!job || this.#stopped) return Promise.resolve();
    const current = this.#running.get(name);
    if (current) return current;
    const mine = this.#runLogged(job).finally(() => this.#running.delete(name));
    this.#running.set(name, mine);
    return mine;
  }

  /** No new runs. Resolves when the last one has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers) {
      clearInterval(timer);
      clearTimeout(timer);
    }
    this.#timers.clear();
    await Promise.all(this.#running.values());
  }

  #due(job: PeriodicJob): void {
    if (job.jitterSeconds === undefined) return void this.run(job.name);
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        void this.run(job.name);
      },
      Math.random() * job.jitterSeconds * 1000,
    );
    this.#timers.add(timer);
  }

  async #runLogged(job: PeriodicJob): Promise<void> {
    try {
      await job.run();
    } catch (error) {
      this.#log.error("a periodic job failed", { job: job.name, error });
    }
  }
}

/** A clock that goes when the test says so; timers come in their order. */
import type { Scheduler } from "../../../../../drivers/browser/desk/scheduler.ts";

interface Timer {
  readonly at: number;
  readonly work: () => void;
}

export class ManualScheduler implements Scheduler {
  #now = 0;
  readonly #timers = new Set<Timer>();

  get pending(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, work: () => void): () => void {
    const timer = { at: this.#now + milliseconds, work };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Lets time go by; what is due meanwhile happens at its time. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    for (;;) {
      const next = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#timers.delete(next);
      this.#now = next.at;
      next.work();
      await settled();
    }
    this.#now = end;
    await settled();
  }
}

/** Lets promises that are ready have their turn. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

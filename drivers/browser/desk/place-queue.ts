/**
 * Who waits for a seat: first come, first served, one line for all hosts. A node has one session at most,
 * so that nobody fills the line by asking often. Waits without polling others' providers more than needed.
 */
import { PageError } from "../../base.ts";
import type { Place } from "../providers/provider.ts";
import type { Scheduler } from "./scheduler.ts";

/** Seats that others give back (another conductor on the same auxiliary host) are noticed so late. */
const LOOK_AGAIN_MS = 3000;

export interface PlaceQueueOptions {
  readonly scheduler: Scheduler;
  /** Tries to take a seat. */
  readonly take: (signal: AbortSignal) => Promise<Place | undefined>;
  /** 0 refuses at once. */
  readonly timeoutMs: number;
}

interface Waiter {
  readonly signal: AbortSignal;
  readonly onPosition: (position: number) => void;
  readonly settle: (outcome: Place | Error) => void;
  position: number;
}

export class PlaceQueue {
  readonly #options: PlaceQueueOptions;
  readonly #waiters: Waiter[] = [];
  #looking = false;
  #lookAgain = false;
  #callOff: (() => void) | undefined;

  constructor(options: PlaceQueueOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#waiters.length;
  }

  /**
   * @param onPosition is told 1 for the next one, whenever it changes
   * @throws {PageError} with `queue` when the time is over; what the provider throws
   */
  async place(signal: AbortSignal, onPosition: (position: number) => void): Promise<Place> {
    signal.throwIfAborted();
    if (this.#waiters.length === 0) {
      const free = await this.#options.take(signal);
      if (free) return free;
      signal.throwIfAborted();
    }
    if (this.#options.timeoutMs === 0)
      throw new PageError("queue", "every seat for a browser is taken");
    return await this.#wait(signal, onPosition);
  }

  /** A seat may be free. */
  poke(): void {
    if (this.#looking) this.#lookAgain = true;
    else void this.#look();
  }

  #wait(signal: AbortSignal, onPosition: (position: number) => void): Promise<Place> {
    const { scheduler, timeoutMs } = this.#options;
    return new Promise((resolve, reject) => {
      const settle = (outcome: Place | Error): void => {
        const at = this.#waiters.indexOf(waiter);
        if (at < 0) {
          // Settled meanwhile: the seat is another's.
          if (!(outcome instanceof Error)) void outcome.release().then(() => this.poke());
          return;
        }
        this.#waiters.splice(at, 1);
        callOff();
        signal.removeEventListener("abort", abort);
        this.#tellPositions();
        if (outcome instanceof Error) reject(outcome);
        else resolve(outcome);
      };
      const waiter: Waiter = { signal, onPosition, settle, position: 0 };
      const abort = (): void => settle(signal.reason as Error);
      const seconds = Math.round(timeoutMs / 1000);
      const callOff = scheduler.after(timeoutMs, () =>
        settle(new PageError("queue", `no seat for a browser became free within ${seconds} s`)),
      );
      signal.addEventListener("abort", abort, { once: true });
      this.#waiters.push(waiter);
      this.#tellPositions();
      this.#watch();
    });
  }

  #tellPositions(): void {
    for (const [index, waiter] of this.#waiters.entries()) {
      if (waiter.position === index + 1) continue;
      waiter.position = index + 1;
      waiter.onPosition(waiter.position);
    }
    if (this.#waiters.length > 0) return;
    this.#callOff?.();
    this.#callOff = undefined;
  }

  #watch(): void {
    this.#callOff ??= this.#options.scheduler.after(LOOK_AGAIN_MS, () => {
      this.#callOff = undefined;
      this.poke();
      if (this.#waiters.length > 0) this.#watch();
    });
  }

  async #look(): Promise<void> {
    this.#looking = true;
    try {
      do {
        this.#lookAgain = false;
        for (let next = this.#waiters[0]; next; next = this.#waiters[0]) {
          const outcome = await this.#options
            .take(next.signal)
            .catch((error: unknown) => error as Error);
          if (outcome === undefined) break;
          next.settle(outcome);
        }
      } while (this.#lookAgain);
    } finally {
      this.#looking = false;
    }
  }
}

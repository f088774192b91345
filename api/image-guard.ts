/** Counts requests without a valid link by where they come from, and shuts out who guesses. Bounded. */
import type { Clock } from "../common/clock.ts";
import { networkOf } from "../common/networks.ts";

const WINDOW_MS = 60_000;
const MOST_FAILURES = 30;
const MOST_REMEMBERED = 10_000;

interface Failures {
  count: number;
  readonly since: number;
}

export class ImageGuard {
  readonly #clock: Clock;
  readonly #failures = new Map<string, Failures>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** True while an address has failed too often to be listened to. */
  isShutOut(address: string): boolean {
    const failures = this.#failures.get(networkOf(address));
    if (!failures) return false;
    return failures.count >= MOST_FAILURES && this.#clock.now() - failures.since < WINDOW_MS;
  }

  failed(address: string): void {
    const now = this.#clock.now();
    const key = networkOf(address);
    const known = this.#failures.get(key);
    if (known && now - known.since < WINDOW_MS) known.count += 1;
    else {
      this.#failures.delete(key);
      this.#failures.set(key, { count: 1, since: now });
    }
    if (this.#failures.size <= MOST_REMEMBERED) return;
    const [oldest] = this.#failures.keys();
    if (oldest !== undefined) this.#failures.delete(oldest);
  }
}

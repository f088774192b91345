/**
 * Failed passwords by source: after so many in a minute, further ones are refused unread. Bounded memory;
 * a source that was pushed out begins anew, which an attacker with that many addresses has anyway.
 */
import type { Clock } from "../../../common/clock.ts";

const MAX_SOURCES = 10_000;
const WINDOW_MILLISECONDS = 60_000;

export class FailureLimit {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #failures = new Map<string, { count: number; readonly until: number }>();

  /** @param most failures that a source may have in a minute */
  constructor(clock: Clock, most: number) {
    this.#clock = clock;
    this.#most = most;
  }

  allows(source: string): boolean {
    return (this.#current(source)?.count ?? 0) < this.#most;
  }

  /** Counted before the password is judged, so that many at once do not pass by the limit. */
  count(source: string): void {
    const current = this.#current(source);
    if (current) current.count += 1;
    else {
      const oldest = this.#failures.keys().next();
      if (this.#failures.size >= MAX_SOURCES && !oldest.done) this.#failures.delete(oldest.value);
      this.#failures.set(source, { count: 1, until: this.#clock.now() + WINDOW_MILLISECONDS });
    }
  }

  /** It was the right one. */
  forgive(source: string): void {
    const current = this.#current(source);
    if (current) current.count = Math.max(0, current.count - 1);
  }

  #current(source: string): { count: number; readonly until: number } | undefined {
    const found = this.#failures.get(source);
    if (found && found.until > this.#clock.now()) return found;
    this.#failures.delete(source);
    return undefined;
  }
}

/**
 * Tells a quiet browser from a dead one: when to ping, and when enough pings went unanswered. Owns no
 * timer and sends nothing.
 */

/** Pings that may go unanswered. */
const PATIENCE = 2;

export class SessionPulse {
  /** Milliseconds; 0 never pings. */
  readonly #interval: number;
  #quietSince: number;
  #progress = 0;
  #unanswered = 0;

  constructor(intervalMilliseconds: number, now: number) {
    this.#interval = intervalMilliseconds;
    this.#quietSince = now;
  }

  /**
   * Asked about once a second.
   * @param heard true when the browser sent anything since the last time
   * @param progress bytes it has taken so far, when some are waiting for it: a slow browser that cannot
   * answer because our ping stands behind them is not dead; otherwise undefined
   */
  check(now: number, heard: boolean, progress: number | undefined): "nothing" | "ping" | "dead" {
    if (this.#interval === 0) return "nothing";
    if (heard || (progress !== undefined && progress !== this.#progress)) {
      this.#quietSince = now;
      this.#unanswered = 0;
      this.#progress = progress ?? this.#progress;
      return "nothing";
    }
    if (now - this.#quietSince < this.#interval * (this.#unanswered + 1)) return "nothing";
    if (this.#unanswered >= PATIENCE) return "dead";
    this.#unanswered += 1;
    return "ping";
  }
}

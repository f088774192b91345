/** How long to wait before a lost line is dialled again. Owns no timer. */
import type { LineLoss } from "./line-dialect.ts";

const FIRST_MILLISECONDS = 500;
/**
 * Where somebody else may want the same line. Two services that each take it back at once would leave
 * neither of them anything to read.
 */
const FIRST_CONTESTED_MILLISECONDS = 5000;
const LONGEST_CONTESTED_MILLISECONDS = 60_000;
/** A line that was connected for so long begins anew. */
const STEADY_MILLISECONDS = 60_000;
const GROWTH = 2;
/** Pauses differ by this part of themselves, so that many lines do not come back in one instant. */
const JITTER = 0.25;

export class LineBackOff {
  readonly #longest: number;
  readonly #random: () => number;
  #losses = 0;
  #contested = 0;
  #connectedAt: number | undefined;

  /** @param longestMilliseconds pause for a line that nobody else wants */
  constructor(longestMilliseconds: number, random: () => number = Math.random) {
    this.#longest = longestMilliseconds;
    this.#random = random;
  }

  connected(now: number): void {
    this.#connectedAt = now;
  }

  /** @returns milliseconds until the next attempt */
  lost(now: number, kind: LineLoss["kind"]): number {
    if (this.#connectedAt !== undefined && now - this.#connectedAt >= STEADY_MILLISECONDS)
      this.reset();
    this.#connectedAt = undefined;
    const pause =
      kind === "lost"
        ? grown(FIRST_MILLISECONDS, this.#losses++, this.#longest)
        : grown(
            FIRST_CONTESTED_MILLISECONDS,
            this.#contested++,
            Math.max(this.#longest, LONGEST_CONTESTED_MILLISECONDS),
          );
    return Math.round(pause * (1 + JITTER * this.#random()));
  }

  /** The next loss is the first. */
  reset(): void {
    this.#losses = 0;
    this.#contested = 0;
  }
}

function grown(first: number, times: number, longest: number): number {
  return Math.min(first * GROWTH ** Math.min(times, 20), longest);
}

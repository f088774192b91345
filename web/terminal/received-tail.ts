/**
 * The last bytes that were shown, to find out after a reconnection which bytes of the service's
 * scrollback are new. Never lets a byte be shown twice: where two places fit, it takes the one with fewer
 * new bytes.
 */

export type Continuation =
  /** The scrollback goes on where the terminal stopped. */
  | { readonly kind: "continues"; readonly fresh: Uint8Array<ArrayBuffer> }
  /** So little was shown that its place cannot be told: forget that, and show the scrollback whole. */
  | { readonly kind: "restart"; readonly fresh: Uint8Array<ArrayBuffer> }
  /** It begins after something that was never seen. */
  | { readonly kind: "gap"; readonly fresh: Uint8Array<ArrayBuffer> };

const KEPT_BYTES = 64 * 1024;
/** A shorter overlap may be chance: a new line, a prompt. */
const LEAST_OVERLAP_BYTES = 32;

export class ReceivedTail {
  #bytes = new Uint8Array(0);
  #startsAnew = false;
  /** Nothing else was ever shown. */
  #isAll = true;

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (this.#startsAnew) this.#bytes = new Uint8Array(0);
    this.#startsAnew = false;
    const last = bytes.subarray(-KEPT_BYTES);
    const kept = this.#bytes.subarray(Math.max(0, this.#bytes.length + last.length - KEPT_BYTES));
    const joined = new Uint8Array(kept.length + last.length);
    joined.set(kept);
    joined.set(last, kept.length);
    this.#bytes = joined;
  }

  /** Bytes are missing here: what came before says nothing about the next ones. */
  interrupt(): void {
    this.#startsAnew = true;
    this.#isAll = false;
  }

  /** @param replay the line's last bytes up to now, as the service kept them */
  continuationIn(replay: Uint8Array<ArrayBuffer>): Continuation {
    const tail = this.#bytes;
    if (tail.length === 0) return { kind: "continues", fresh: replay };
    const whole = lastEndOf(tail, replay);
    if (whole !== undefined && this.#isAll && tail.length < LEAST_OVERLAP_BYTES) {
      this.#startsAnew = true;
      return { kind: "restart", fresh: replay };
    }
    if (whole !== undefined) return { kind: "continues", fresh: replay.subarray(whole) };
    const overlap = overlapOf(tail, replay);
    const isChance = overlap < LEAST_OVERLAP_BYTES && overlap < replay.length;
    return isChance
      ? { kind: "gap", fresh: replay }
      : { kind: "continues", fresh: replay.subarray(overlap) };
  }
}

/** Where the last occurrence of `wanted` in `text` ends. Knuth, Morris, Pratt. */
function lastEndOf(wanted: Uint8Array, text: Uint8Array): number | undefined {
  if (wanted.length > text.length) return undefined;
  const borders = bordersOf(wanted);
  let matched = 0;
  let end: number | undefined;
  for (let at = 0; at < text.length; at++) {
    matched = longer(borders, wanted, matched, text[at]!);
    if (matched === wanted.length) end = at + 1;
  }
  return end;
}

/** How many bytes at the end of `tail` are also the beginning of `replay`. */
function overlapOf(tail: Uint8Array, replay: Uint8Array): number {
  const beginning = replay.subarray(0, tail.length);
  if (beginning.length === 0) return 0;
  const borders = bordersOf(beginning);
  let matched = 0;
  for (const byte of tail) matched = longer(borders, beginning, matched, byte);
  return matched;
}

/** For every prefix the length of the longest proper prefix that is also its suffix. */
function bordersOf(wanted: Uint8Array): Uint32Array {
  const borders = new Uint32Array(wanted.length);
  let matched = 0;
  for (let at = 1; at < wanted.length; at++) {
    matched = longer(borders, wanted, matched, wanted[at]!);
    borders[at] = matched;
  }
  return borders;
}

/** @returns how much of `wanted` is matched after one more byte */
function longer(borders: Uint32Array, wanted: Uint8Array, before: number, byte: number): number {
  let matched = before;
  while (matched > 0 && (matched === wanted.length || wanted[matched] !== byte)) {
    matched = borders[matched - 1]!;
  }
  return wanted[matched] === byte ? matched + 1 : matched;
}

/**
 * The last bytes of one line, for those who come later: a ring that grows to its bound when it is
 * needed, so that a silent line costs next to nothing.
 */

const FIRST_BYTES = 4096;
const LF = 0x0a;

export interface Replay {
  readonly bytes: Buffer;
  readonly lines: number;
}

export class Scrollback {
  readonly #maxBytes: number;
  #ring: Buffer = Buffer.alloc(0);
  /** Where the oldest byte stands. */
  #start = 0;
  #length = 0;
  /** True when something is missing before the oldest byte. */
  #cut = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get length(): number {
    return this.#length;
  }

  push(bytes: Uint8Array): void {
    let rest = bytes;
    if (rest.length > this.#maxBytes) {
      rest = rest.subarray(rest.length - this.#maxBytes);
      this.#cut = true;
    }
    this.#makeRoom(rest.length);
    const ring = this.#ring;
    const at = (this.#start + this.#length) % ring.length;
    const first = Math.min(rest.length, ring.length - at);
    ring.set(rest.subarray(0, first), at);
    ring.set(rest.subarray(first), 0);
    this.#length += rest.length;
  }

  /** The last whole lines, at most, in memory of their own. A last line without an end counts too. */
  tail(maxLines: number): Replay {
    if (this.#length === 0 || maxLines === 0) return { bytes: Buffer.alloc(0), lines: 0 };
    const bytes = this.#copy();
    let from = bytes.length;
    let lines = 0;
    while (from > 0 && lines < maxLines) {
      const end = bytes.lastIndexOf(LF, from - 2);
      if (from === 1 || end < 0) {
        if (!this.#cut) from = 0;
        else if (lines === 0) from = firstWhole(bytes);
        else break;
        lines += 1;
        break;
      }
      from = end + 1;
      lines += 1;
    }
    return { bytes: bytes.subarray(from), lines };
  }

  #copy(): Buffer {
    const first = this.#ring.subarray(this.#start, this.#start + this.#length);
    return Buffer.concat([first, this.#ring.subarray(0, this.#length - first.length)]);
  }

  /** Grows the ring, or gives up the oldest bytes. */
  #makeRoom(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed > this.#ring.length && this.#ring.length < this.#maxBytes) {
      let size = Math.max(this.#ring.length, FIRST_BYTES);
      while (size < needed) size *= 2;
      const ring = Buffer.allocUnsafeSlow(Math.min(size, this.#maxBytes));
      this.#copy().copy(ring);
      this.#ring = ring;
      this.#start = 0;
    }
    const surplus = needed - this.#ring.length;
    if (surplus <= 0) return;
    this.#cut = true;
    this.#start = (this.#start + surplus) % this.#ring.length;
    this.#length -= surplus;
  }
}

/** Where the first UTF-8 sequence begins that is there from its beginning. */
function firstWhole(bytes: Buffer): number {
  let at = 0;
  while (at < 3 && at < bytes.length && (bytes[at]! & 0xc0) === 0x80) at += 1;
  return at;
}

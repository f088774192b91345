/**
 * The scrollback that comes at the beginning of a connection: shown, left out, or, when the terminal was
 * attached before, shown from where it stopped.
 */

/** Enough not to be found twice by chance, as a prompt would. */
const REMEMBERED_BYTES = 1024;

export class ScrollbackFilter {
  /** The end of what was shown. */
  #tail: Buffer = Buffer.alloc(0);
  /** What is still to come of the scrollback. */
  #left = 0;
  #collected: Buffer[] = [];
  #mode: "show" | "hide" | "continue" = "show";

  /**
   * The next `bytes` bytes are scrollback.
   * @param mode `continue` leaves out what was shown already
   */
  begin(bytes: number, mode: "show" | "hide" | "continue"): void {
    this.#left = bytes;
    this.#mode = mode === "continue" && this.#tail.length === 0 ? "show" : mode;
    this.#collected = [];
  }

  /** A connection was lost in the middle. */
  reset(): void {
    this.#left = 0;
    this.#collected = [];
  }

  /** @returns what of these bytes is to be shown now */
  take(bytes: Buffer): Buffer {
    const old = bytes.subarray(0, this.#left);
    const live = bytes.subarray(old.length);
    this.#left -= old.length;
    const shown = Buffer.concat([this.#takeOld(old), live]);
    this.#tail = Buffer.from(Buffer.concat([this.#tail, shown]).subarray(-REMEMBERED_BYTES));
    return shown;
  }

  #takeOld(old: Buffer): Buffer {
    if (this.#mode === "show" || old.length === 0) return old;
    if (this.#mode === "hide") return Buffer.alloc(0);
    this.#collected.push(old);
    if (this.#left > 0) return Buffer.alloc(0);
    const whole = Buffer.concat(this.#collected);
    this.#collected = [];
    const at = whole.lastIndexOf(this.#tail);
    return at < 0 ? whole : whole.subarray(at + this.#tail.length);
  }
}

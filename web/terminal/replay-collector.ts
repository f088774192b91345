/**
 * Tells scrollback from live bytes: after a `replay` message so many bytes are scrollback, wherever the
 * frames begin and end.
 */

export interface ReplayListener {
  live(bytes: Uint8Array<ArrayBuffer>): void;
  /** The whole scrollback. */
  replay(bytes: Uint8Array<ArrayBuffer>): void;
}

export class ReplayCollector {
  readonly #listener: ReplayListener;
  #collected: Uint8Array[] = [];
  #size = 0;
  #wanted = 0;

  constructor(listener: ReplayListener) {
    this.#listener = listener;
  }

  /** @param bytes how many of the following ones are scrollback */
  expect(bytes: number): void {
    this.#wanted += bytes;
    if (this.#wanted === 0) this.#listener.replay(new Uint8Array(0));
  }

  push(bytes: Uint8Array<ArrayBuffer>): void {
    const missing = this.#wanted - this.#size;
    if (missing === 0) {
      this.#listener.live(bytes);
      return;
    }
    const part = bytes.subarray(0, missing);
    this.#collected.push(part);
    this.#size += part.length;
    if (this.#size < this.#wanted) return;
    const whole = joined(this.#collected, this.#size);
    this.#collected = [];
    this.#size = 0;
    this.#wanted = 0;
    this.#listener.replay(whole);
    if (bytes.length > missing) this.#listener.live(bytes.subarray(missing));
  }
}

function joined(parts: readonly Uint8Array[], size: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/**
 * The reading half of a byte channel: bytes that arrived, one read that waits for more, and until when
 * it may wait. Lives for the handshake only; has no timer of its own, the sweep asks for its deadline.
 */

const NO_BYTES = Buffer.alloc(0);

interface Waiter {
  readonly name: string;
  readonly length: number;
  readonly until: number;
  readonly resolve: (bytes: Buffer) => void;
  readonly reject: (error: Error) => void;
}

export class HandshakeQueue {
  #bytes: Buffer = NO_BYTES;
  #waiter: Waiter | undefined;
  #failure: Error | undefined;

  /** Bytes held and not read. */
  get length(): number {
    return this.#bytes.length;
  }

  /** Adds bytes, which must not change afterwards. */
  push(bytes: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? bytes : Buffer.concat([this.#bytes, bytes]);
    this.#serve();
  }

  /**
   * Waits for exactly `length` bytes; one read at a time.
   * @param until when the read has waited too long, milliseconds since the epoch
   */
  read(name: string, length: number, until: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#waiter = { name, length, until, resolve, reject };
      this.#serve();
    });
  }

  /** The peer left or the stream broke: what is queued may still be read, nothing more will come. */
  fail(makeError: (waitingFor: string | undefined) => Error): void {
    this.#failure ??= makeError(this.#waiter?.name);
    this.#serve();
  }

  /** Fails the waiting read when it has waited too long. @param makeError gets the read's name */
  expire(now: number, makeError: (waitingFor: string) => Error): void {
    if (this.#waiter && now >= this.#waiter.until) this.fail(() => makeError(this.#waiter!.name));
  }

  /** Everything not read, when the handshake is over. */
  takeRest(): Buffer {
    const rest = this.#bytes;
    this.#bytes = NO_BYTES;
    return rest;
  }

  #serve(): void {
    const waiter = this.#waiter;
    if (!waiter) return;
    if (this.#bytes.length >= waiter.length) {
      this.#waiter = undefined;
      const bytes = this.#bytes.subarray(0, waiter.length);
      this.#bytes = this.#bytes.subarray(waiter.length);
      waiter.resolve(bytes);
    } else if (this.#failure) {
      this.#waiter = undefined;
      waiter.reject(this.#failure);
    }
  }
}

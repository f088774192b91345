/** Cuts the byte stream of `--remote-debugging-pipe` into messages: each is UTF-8 ended by NUL. Bounded. */
import { BmcProtocolError } from "../../base.ts";

/** A picture of a 4K page as PNG in base64 is below it; a page's own texts are cut before they are sent. */
export const MESSAGE_LIMIT_BYTES = 32 * 1024 * 1024;

const NUL = 0;

export class MessageSplitter {
  readonly #limitBytes: number;
  #begun: Buffer[] = [];
  #begunBytes = 0;

  constructor(limitBytes = MESSAGE_LIMIT_BYTES) {
    this.#limitBytes = limitBytes;
  }

  /** @returns the messages that are complete now. @throws {BmcProtocolError} when one is longer than the limit */
  push(chunk: Buffer): string[] {
    const complete: string[] = [];
    let from = 0;
    for (;;) {
      const end = chunk.indexOf(NUL, from);
      if (end < 0) break;
      this.#keep(chunk.subarray(from, end));
      complete.push(Buffer.concat(this.#begun, this.#begunBytes).toString("utf8"));
      this.#begun = [];
      this.#begunBytes = 0;
      from = end + 1;
    }
    if (from < chunk.length) this.#keep(chunk.subarray(from));
    return complete;
  }

  #keep(part: Buffer): void {
    this.#begunBytes += part.length;
    if (this.#begunBytes > this.#limitBytes) {
      this.#begun = [];
      throw new BmcProtocolError(
        `the browser sent a DevTools message of more than ${this.#limitBytes} bytes`,
      );
    }
    this.#begun.push(part);
  }
}

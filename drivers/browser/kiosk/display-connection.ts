/** One RFB connection to a session's own VNC server: exact reads, and an end when its time is over. */
import type { Duplex } from "node:stream";
import type { HostChannel } from "../../../common/rfb/byte-channel.ts";
import { HostUnreachable } from "../../base.ts";

export class DisplayConnection implements HostChannel {
  readonly #stream: Duplex;
  readonly #signal: AbortSignal;
  readonly #abort = (): void => void this.#stream.destroy();
  readonly #onChange = (): void => this.#wake();
  #wake: () => void = () => undefined;

  constructor(stream: Duplex, signal: AbortSignal) {
    this.#stream = stream;
    this.#signal = signal;
    stream.on("error", this.#onChange);
    for (const event of ["readable", "end", "close"]) stream.on(event, this.#onChange);
    if (signal.aborted) this.#abort();
    else signal.addEventListener("abort", this.#abort, { once: true });
  }

  async read(name: string, length: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    let missing = length;
    while (missing > 0) {
      const ready = Math.min(missing, this.#stream.readableLength);
      const part = ready > 0 ? (this.#stream.read(ready) as Buffer | null) : null;
      if (part) {
        parts.push(part);
        missing -= part.length;
      } else if (this.#stream.readableEnded || this.#stream.destroyed)
        throw new HostUnreachable(`${name}: the session's display closed the connection`);
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  }

  write(bytes: Uint8Array): void {
    this.#stream.write(bytes);
  }

  startTls(): Promise<void> {
    return Promise.reject(new HostUnreachable("the session's display speaks no TLS"));
  }

  close(): void {
    this.#signal.removeEventListener("abort", this.#abort);
    this.#stream.destroy();
  }
}

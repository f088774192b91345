/**
 * A ByteChannel for handshake tests, in memory: the test delivers a peer's bytes, whole or one byte at a
 * time, and sees what was written. It lies as little as a real channel may: a view handed out by `read`
 * is overwritten as soon as the next read begins.
 */
import { HostError, TenantProtocolError } from "../../common/errors.ts";
import type { HostChannel } from "../../common/rfb/byte-channel.ts";

export type Chopping = "whole" | "one byte at a time";
export const CHOPPINGS: readonly Chopping[] = ["whole", "one byte at a time"];

const SCRIBBLE = 0xee;

export class ChoppingChannel implements HostChannel {
  /** The name of every read, in order. */
  readonly reads: string[] = [];
  /** Every write, in order; startTls appears as its kind. */
  readonly writes: (Buffer | "certificate" | "anonymous")[] = [];
  /** Called after each write and startTls. */
  onWrite: () => void = () => undefined;
  /** What startTls does; by default it succeeds. */
  tls: () => Promise<void> = async () => undefined;

  readonly #chopping: Chopping;
  readonly #side: "host" | "tenant";
  #waiting:
    | { name: string; length: number; resolve(): void; reject(error: Error): void }
    | undefined;
  #arrived: Buffer = Buffer.alloc(0);
  #onTheWay: Buffer = Buffer.alloc(0);
  #handed: Buffer = Buffer.alloc(0);
  #ended = false;
  #moving = false;

  constructor(chopping: Chopping = "whole", side: "host" | "tenant" = "host") {
    this.#chopping = chopping;
    this.#side = side;
  }

  /** The peer sends bytes. */
  deliver(bytes: Uint8Array): void {
    this.#onTheWay = Buffer.concat([this.#onTheWay, bytes]);
    this.#move();
  }

  /** The peer leaves after what it has sent. */
  end(): void {
    this.#ended = true;
    this.#move();
  }

  /** What was written, without the TLS marks. */
  get written(): Buffer {
    return Buffer.concat(this.writes.filter((one) => typeof one !== "string"));
  }

  async read(name: string, length: number): Promise<Buffer> {
    if (this.#waiting) throw new Error(`${name} is read while ${this.#waiting.name} is`);
    this.reads.push(name);
    this.#handed.fill(SCRIBBLE);
    await new Promise<void>((resolve, reject) => {
      this.#waiting = { name, length, resolve, reject };
      this.#serve();
    });
    this.#handed = Buffer.from(this.#arrived.subarray(0, length));
    this.#arrived = this.#arrived.subarray(length);
    return this.#handed;
  }

  write(bytes: Uint8Array): void {
    this.writes.push(Buffer.from(bytes));
    this.onWrite();
  }

  async startTls(kind: "certificate" | "anonymous"): Promise<void> {
    if (this.#arrived.length > 0) throw new Error("bytes are left over before TLS");
    this.writes.push(kind);
    await this.tls();
    this.onWrite();
  }

  #move(): void {
    if (this.#moving) return;
    this.#moving = true;
    setImmediate(() => {
      this.#moving = false;
      const size = this.#chopping === "whole" ? this.#onTheWay.length : 1;
      this.#arrived = Buffer.concat([this.#arrived, this.#onTheWay.subarray(0, size)]);
      this.#onTheWay = this.#onTheWay.subarray(size);
      this.#serve();
      if (this.#onTheWay.length > 0) this.#move();
    });
  }

  #serve(): void {
    const waiting = this.#waiting;
    if (!waiting) return;
    if (this.#arrived.length >= waiting.length) {
      this.#waiting = undefined;
      waiting.resolve();
    } else if (this.#ended && this.#onTheWay.length === 0) {
      this.#waiting = undefined;
      waiting.reject(this.#left(waiting.name));
    }
  }

  #left(name: string): Error {
    return this.#side === "host"
      ? new HostError(`${name}: the host closed the connection`)
      : new TenantProtocolError(`${name}: the tenant closed the connection`);
  }
}

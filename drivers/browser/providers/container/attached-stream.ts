/**
 * What a container reads and writes, over one connection to its engine: written bytes are its standard
 * input, read ones its standard output; its standard error is a stream beside.
 *
 * FACT(Docker Engine API, ContainerAttach, "Stream format"): what comes is framed by 8 bytes: 1 or 2 for
 * output or error, three zeros, the length as four bytes, most significant first. What goes is not framed.
 */
import type { Socket } from "node:net";
import { Duplex, PassThrough, type Readable } from "node:stream";

const HEADER_BYTES = 8;
const OUTPUT = 1;
const ERROR = 2;

export class AttachedStream extends Duplex {
  readonly #socket: Socket;
  readonly #errors = new PassThrough();
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerLength = 0;
  #left = 0;
  #ended = false;

  /** @param head what came with the answer's headers */
  constructor(socket: Socket, head: Buffer) {
    super({ allowHalfOpen: false });
    this.#socket = socket;
    socket.on("data", (bytes: Buffer) => this.#take(bytes));
    socket.on("end", () => this.#end());
    socket.on("close", () => this.#end());
    socket.on("error", () => undefined);
    this.on("error", () => undefined);
    if (head.length > 0) this.#take(head);
  }

  /** Must be read, since both come over one connection. */
  get stderr(): Readable {
    return this.#errors;
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(
    chunk: Buffer,
    _encoding: BufferEncoding,
    done: (error?: Error | null) => void,
  ): void {
    if (this.#ended) done(new Error("the container has ended"));
    else this.#socket.write(chunk, (error) => done(error));
  }

  override _final(done: () => void): void {
    this.#socket.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    this.#errors.end();
    done(error);
  }

  #take(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length && !this.destroyed) {
      if (this.#left === 0) {
        at += this.#takeHeader(bytes.subarray(at));
        continue;
      }
      const piece = bytes.subarray(at, at + this.#left);
      at += piece.length;
      this.#left -= piece.length;
      if (this.#header[0] === ERROR) this.#errors.write(piece);
      else if (!this.push(piece)) this.#socket.pause();
    }
  }

  #takeHeader(bytes: Buffer): number {
    const taken = bytes.copy(
      this.#header,
      this.#headerLength,
      0,
      HEADER_BYTES - this.#headerLength,
    );
    this.#headerLength += taken;
    if (this.#headerLength < HEADER_BYTES) return taken;
    this.#headerLength = 0;
    this.#left = this.#header.readUInt32BE(4);
    const [kind, ...zeros] = this.#header.subarray(0, 4);
    if ((kind !== OUTPUT && kind !== ERROR) || zeros.some((zero) => zero !== 0))
      this.destroy(new Error("the container engine's stream is no stream of frames"));
    return taken;
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#errors.end();
    this.push(null);
    this.#socket.destroy();
    this.emit("gone");
  }
}

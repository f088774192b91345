/**
 * A command that runs in a Pod, as a stream: written bytes are its standard input, read ones its standard
 * output; its standard error is a stream beside. Emits "gone" once, when the command or the connection has
 * ended. Asks for a sign of life now and then, as balancers cut what is silent.
 */
import type { Socket } from "node:net";
import { Duplex, PassThrough, type Readable } from "node:stream";
import { ClientFrameWriter } from "../../../../common/host-websocket/client-frames.ts";
import { CHANNEL, ChannelReader, OPCODE, type ChannelListener } from "./channel-reader.ts";

/** FACT(kubernetes, wsstream): messages of 32 KiB and less are passed on whole. */
const MAX_MESSAGE_BYTES = 32 * 1024;
const MAX_STATUS_CHARACTERS = 4096;
const SILENCE_MS = 20_000;

export class ExecStream extends Duplex implements ChannelListener {
  readonly #socket: Socket;
  readonly #frames = new ClientFrameWriter();
  readonly #reader = new ChannelReader(this);
  readonly #errors = new PassThrough();
  readonly #canClose: boolean;
  readonly #life: NodeJS.Timeout;
  #status = "";
  #heard = true;
  #ended = false;

  /** @param protocol that the API chose: `v5.channel.k8s.io` can close the standard input alone */
  constructor(socket: Socket, head: Buffer, protocol: string) {
    super({ allowHalfOpen: false });
    this.#socket = socket;
    this.#canClose = protocol === "v5.channel.k8s.io";
    this.on("error", () => undefined);
    socket.on("data", (bytes: Buffer) => this.#take(bytes));
    socket.on("close", () => this.#end());
    socket.on("end", () => this.#end());
    socket.on("error", () => undefined);
    this.#life = setInterval(() => this.#checkLife(), SILENCE_MS);
    if (head.length > 0) this.#take(head);
  }

  /** Must be read, since all comes over one connection. */
  get stderr(): Readable {
    return this.#errors;
  }

  /** What the API said when the command ended: JSON of a Status, "" when the connection was lost. */
  get status(): string {
    return this.#status;
  }

  onData(channel: number, bytes: Buffer): void {
    if (channel === CHANNEL.output) {
      if (!this.push(bytes)) this.#socket.pause();
    } else if (channel === CHANNEL.error) this.#errors.write(Buffer.from(bytes));
    else if (channel === CHANNEL.status)
      this.#status = (this.#status + bytes.toString("utf8")).slice(0, MAX_STATUS_CHARACTERS);
  }

  onPing(payload: Buffer): void {
    this.#socket.write(this.#frames.frame(OPCODE.pong, payload));
  }

  onClose(): void {
    this.#end();
  }

  override _read(): void {
    this.#heard = true;
    this.#socket.resume();
  }

  override _write(
    chunk: Buffer,
    _encoding: BufferEncoding,
    done: (error?: Error | null) => void,
  ): void {
    if (this.#ended) return done(new Error("the command has ended"));
    for (let at = 0; at < chunk.length; at += MAX_MESSAGE_BYTES) {
      const piece = chunk.subarray(at, at + MAX_MESSAGE_BYTES);
      const message = Buffer.concat([Buffer.of(CHANNEL.input), piece]);
      const isLast = at + MAX_MESSAGE_BYTES >= chunk.length;
      const frame = this.#frames.frame(OPCODE.binary, message);
      if (isLast) this.#socket.write(frame, (error) => done(error));
      else this.#socket.write(frame);
    }
    if (chunk.length === 0) done();
  }

  override _final(done: () => void): void {
    if (this.#canClose && !this.#ended)
      this.#socket.write(
        this.#frames.frame(OPCODE.binary, Buffer.of(CHANNEL.close, CHANNEL.input)),
      );
    else this.#socket.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#end();
    done(error);
  }

  #take(bytes: Buffer): void {
    this.#heard = true;
    if (this.#ended) return;
    try {
      this.#reader.read(bytes);
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  /** A reader that takes nothing pauses the socket; nothing can be heard then. */
  #checkLife(): void {
    if (!this.#heard && !this.#socket.isPaused()) return this.#end();
    this.#heard = false;
    this.#socket.write(this.#frames.frame(OPCODE.ping, Buffer.alloc(0)));
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#life);
    this.#errors.end();
    if (!this.destroyed) this.push(null);
    this.#socket.destroy();
    this.emit("gone");
  }
}

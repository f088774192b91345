/**
 * The tenant side of one session: the browser's socket after the 101. Frames what goes out, reads what
 * comes in, is the byte channel of the handshake and afterwards hands every chunk's clear bytes on.
 *
 * Never decides that the session ends: it tells the listener, and only the session calls `close`.
 */
import type { Socket } from "node:net";
import type { Clock } from "../common/clock.ts";
import { TenantProtocolError } from "../common/errors.ts";
import type { ByteChannel } from "../common/rfb/byte-channel.ts";
import { HandshakeQueue } from "./handshake-queue.ts";
import { encodeClose, encodeFrame, encodeHeader, OPCODE, writeHeaderBefore } from "./ws-frame.ts";
import { FrameParser } from "./ws-parser.ts";

export interface TenantListener {
  /** Clear RFB bytes of a relaying session; the memory is the listener's. */
  onTenantBytes(bytes: Buffer): void;
  onTenantText(text: string): void;
  /** The browser closed, or the connection did. @param clean false when it broke without a word */
  onTenantGone(clean: boolean): void;
  onTenantError(error: TenantProtocolError): void;
  /** Nothing is left of the connection; told once, last. */
  onTenantSocketClosed(): void;
}

/** RFB bytes a tenant may send ahead of the handshake; more stays in the kernel. */
const AHEAD_BYTES = 64 * 1024;
/** Pongs and notices are left out when this much waits for a slow browser. */
const CROWDED_BYTES = 64 * 1024;

const NO_BYTES = Buffer.alloc(0);

export class TenantConnection implements ByteChannel {
  readonly #socket: Socket;
  readonly #listener: TenantListener;
  readonly #clock: Clock;
  readonly #parser: FrameParser;
  readonly #stepMilliseconds: number;
  #queue: HandshakeQueue | undefined = new HandshakeQueue();
  #closing = false;
  #gone = false;
  /** The frames make no sense any more. */
  #broken = false;
  /** The chunk that is being read, and how much of its payload was handed on before a text in it. */
  #chunk: Buffer = NO_BYTES;
  #delivered = 0;
  /** Code of the close frame that came in this chunk, to be acted on behind the chunk's bytes. */
  #closeCode: number | undefined;
  /** Set by every frame; the sweep clears it to find browsers that went silent. */
  heard = true;
  paused = false;

  /**
   * @param options `stepMilliseconds` how long one read of the handshake may take; `textIsData`: text
   * frames carry bytes like binary ones
   */
  constructor(
    socket: Socket,
    listener: TenantListener,
    options: {
      readonly clock: Clock;
      readonly stepMilliseconds: number;
      readonly textIsData?: boolean;
    },
  ) {
    this.#socket = socket;
    this.#listener = listener;
    this.#clock = options.clock;
    this.#stepMilliseconds = options.stepMilliseconds;
    this.#parser = new FrameParser(this, options);
    socket.on("data", (chunk: Buffer) => this.#onData(chunk));
    socket.on("end", () => this.#onGone(true));
    socket.on("error", () => this.#onGone(false));
    socket.on("close", () => listener.onTenantSocketClosed());
  }

  /* ---- handshake --------------------------------------------------------------------------- */

  read(name: string, length: number): Promise<Buffer> {
    const queue = this.#queue;
    if (!queue) return Promise.reject(new TenantProtocolError(`${name}: the handshake is over`));
    const bytes = queue.read(name, length, this.#clock.now() + this.#stepMilliseconds);
    if (this.paused && queue.length < AHEAD_BYTES) this.resume();
    return bytes;
  }

  /** Sends one binary frame, so that every RFB message of the handshake has its own. */
  write(bytes: Uint8Array): void {
    this.#send(encodeFrame(OPCODE.binary, bytes));
  }

  /** Fails a handshake read whose time is over. */
  expire(now: number): void {
    this.#queue?.expire(
      now,
      (name) =>
        new TenantProtocolError(
          `the browser sent no ${name} within ${this.#stepMilliseconds / 1000} seconds`,
        ),
    );
  }

  /** Ends the handshake: from now on bytes go to the listener, first those that came too early. */
  startRelay(): void {
    const ahead = this.#queue?.takeRest() ?? NO_BYTES;
    this.#queue = undefined;
    if (ahead.length > 0) this.#listener.onTenantBytes(ahead);
    if (this.paused) this.resume();
  }

  /* ---- toward the browser ------------------------------------------------------------------ */

  /** Bytes that the kernel has not taken. */
  get waitingBytes(): number {
    return this.#socket.writableLength;
  }

  /**
   * Sends a payload as one binary frame without copying it: the header goes into the room before it.
   * @returns true when the kernel took everything; otherwise the memory is in use until `whenTaken`
   */
  sendInPlace(backing: Buffer, payloadStart: number, length: number): boolean {
    if (this.#closing) return true;
    const start = writeHeaderBefore(backing, payloadStart, length, OPCODE.binary);
    this.#socket.write(backing.subarray(start, payloadStart + length));
    return this.#socket.writableLength === 0;
  }

  /** The same for a payload without room before it. The memory must not change until `whenTaken`. */
  send(payload: Uint8Array): boolean {
    if (this.#closing) return true;
    this.#socket.cork();
    this.#socket.write(encodeHeader(OPCODE.binary, payload.length));
    this.#socket.write(payload);
    this.#socket.uncork();
    return this.#socket.writableLength === 0;
  }

  /** A whole frame, whose memory never changes. */
  sendFrame(frame: Buffer): void {
    this.#send(frame);
  }

  /** Calls back when the kernel has taken everything sent so far. */
  whenTaken(callback: () => void): void {
    this.#socket.write(NO_BYTES, callback);
  }

  /** @returns false when it was left out, because too much waits for the browser */
  sendText(message: object): boolean {
    if (this.#socket.writableLength > CROWDED_BYTES) return false;
    this.#send(encodeFrame(OPCODE.text, Buffer.from(JSON.stringify(message))));
    return true;
  }

  ping(): void {
    if (this.#socket.writableLength === 0) this.#send(encodeFrame(OPCODE.ping, NO_BYTES));
  }

  pause(): void {
    this.paused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.paused = false;
    this.#socket.resume();
  }

  /* ---- the end ----------------------------------------------------------------------------- */

  /** Sends the close frame; the socket lives on for the browser's answer until `destroy`. */
  close(code: number, reason: string): void {
    if (this.#closing) return;
    this.#queue?.fail(() => new TenantProtocolError("the session is over"));
    this.#send(encodeClose(this.#closeCode ?? code, reason));
    this.#closing = true;
    /* a paused socket would never see the browser's answer */
    if (this.paused) this.resume();
    if (this.#closeCode !== undefined || this.#gone) this.#socket.end();
  }

  destroy(): void {
    this.#closing = true;
    this.#socket.destroy();
  }

  /* ---- FrameListener ----------------------------------------------------------------------- */

  /** In order with the bytes around it. */
  onText(text: string, before: number): void {
    this.#deliver(before);
    if (!this.#closing) this.#listener.onTenantText(text);
  }

  onPing(payload: Buffer): void {
    if (this.#socket.writableLength <= CROWDED_BYTES) this.#send(encodeFrame(OPCODE.pong, payload));
  }

  onPong(): void {
    /* `heard` is what counts */
  }

  onClose(code: number): void {
    this.#closeCode = code === 1005 ? 1000 : code;
  }

  #onData(chunk: Buffer): void {
    if (this.#broken) return;
    this.heard = true;
    this.#chunk = chunk;
    this.#delivered = 0;
    let length: number;
    try {
      length = this.#parser.parse(chunk);
    } catch (error) {
      this.#broken = true;
      if (!this.#closing) this.#listener.onTenantError(error as TenantProtocolError);
      return;
    }
    this.#deliver(length);
    this.#chunk = NO_BYTES;
    if (this.#closeCode === undefined) return;
    if (this.#closing) this.#socket.end();
    else this.#listener.onTenantGone(true);
  }

  /** @param end behind the last clear byte of the chunk that may be handed on now */
  #deliver(end: number): void {
    if (end === this.#delivered || this.#closing) return;
    const bytes = this.#chunk.subarray(this.#delivered, end);
    this.#delivered = end;
    if (!this.#queue) {
      this.#listener.onTenantBytes(bytes);
      return;
    }
    this.#queue.push(bytes);
    if (this.#queue && this.#queue.length > AHEAD_BYTES) this.pause();
  }

  #onGone(clean: boolean): void {
    if (this.#gone) return;
    this.#gone = true;
    if (this.#closing) this.#socket.destroy();
    else this.#listener.onTenantGone(clean);
  }

  #send(frame: Buffer): void {
    if (!this.#closing && this.#socket.writable) this.#socket.write(frame);
  }
}

/**
 * The host side of one session: dials the saved endpoint, is the byte channel of the handshake (TLS
 * included), and then reads as fast as the tenant takes, into borrowed memory that is passed on as is.
 *
 * Dials nothing but what the endpoint says, and never decides that the session ends.
 */
import { connect, Socket } from "node:net";
import type { CaFiles } from "../common/ca-files.ts";
import type { Clock } from "../common/clock.ts";
import { describeTransport, type StoredConsoleEndpoint } from "../common/console-endpoint.ts";
import {
  HostError,
  HostTimeout,
  HostUnreachable,
  messageOf,
  RFBProtocolError,
} from "../common/errors.ts";
import type { HostWebSocket } from "../common/host-websocket/host-websocket.ts";
import type { HostChannel } from "../common/rfb/byte-channel.ts";
import { HandshakeQueue } from "./handshake-queue.ts";
import { upgradeToTls, type ClientCertificate, type HostTlsKind } from "../common/host-tls.ts";
import { ReadBufferChooser, type ReadBuffer, type ReadBuffers } from "./read-buffers.ts";
import { READ_PROTOCOL_VERSION } from "../common/rfb/constants.ts";
import { READ_PRELUDE } from "./rfb/prelude.ts";
import type { TurnQueue } from "./turn-queue.ts";
import { HEADER_ROOM } from "./ws-frame.ts";

/** Takes the host's bytes of a relaying session. */
export interface HostListener {
  /**
   * @param backing the bytes from `start` on, with HEADER_ROOM before them that may be overwritten
   * @returns false when the memory is still in use; reading then stops until `resume`
   */
  onHostBytes(backing: Buffer, start: number, length: number): boolean;
  /** @param clean false when the network broke */
  onHostGone(clean: boolean): void;
}

export interface HostConnectionOptions {
  readonly endpoint: Pick<StoredConsoleEndpoint, "transport" | "tls" | "quirks" | "preludeSeconds">;
  readonly buffers: ReadBuffers;
  readonly turns: TurnQueue;
  readonly caFiles: CaFiles;
  readonly clock: Clock;
  /** How long each step (dial, TLS, one read) may take. */
  readonly stepMilliseconds: number;
  /** Shown to a machine side that asks who we are. */
  readonly clientCertificate?: ClientCertificate | undefined;
  /** Just dialled, see dial-web-socket.ts: it is the connection then, and has limits of its own for that. */
  readonly webSocket?: HostWebSocket | undefined;
}

/** A connection with this many reads in a row of at most so many bytes is somebody typing. */
const TYPING_READS = 2;
const TYPING_BYTES = 4096;
/** Handshake messages are short; a host that sends more ahead has to wait. */
const AHEAD_BYTES = 64 * 1024;
const KEEP_ALIVE_MILLISECONDS = 30_000;

export class HostConnection implements HostChannel {
  readonly #turns: TurnQueue;
  /** `host:port` or the socket's path. */
  readonly name: string;
  /** For the handshake only. */
  #options: HostConnectionOptions | undefined;
  readonly #listener: HostListener;
  readonly #chooser: ReadBufferChooser;
  readonly #socket: Socket | HostWebSocket;
  /** The same or the TLS socket around it: what is written to. */
  #stream: Socket | HostWebSocket;
  #queue: HandshakeQueue | undefined = new HandshakeQueue();
  #connected: { resolve: () => void; reject: (error: Error) => void } | undefined;
  #dialUntil: number;
  #turnBytes = 0;
  #shortReads = 0;
  /** A write to the tenant uses our memory. */
  #inFlight = false;
  #gone = false;
  /** It left while its last handshake messages still stood in the queue. */
  #leftEarly: { readonly clean: boolean } | undefined;

  constructor(options: HostConnectionOptions, listener: HostListener) {
    this.#options = options;
    this.#turns = options.turns;
    this.name = describeTransport(options.endpoint.transport);
    this.#listener = listener;
    this.#chooser = new ReadBufferChooser(options.buffers, options.clock);
    const { webSocket } = options;
    this.#dialUntil = webSocket ? Infinity : options.clock.now() + options.stepMilliseconds;
    this.#socket = webSocket ?? this.#dial(options.endpoint.transport);
    this.#stream = this.#socket;
    webSocket?.on("data", (bytes: Buffer) => this.#onData(bytes));
    this.#socket.once("connect", () => this.#connected?.resolve());
    this.#watch(this.#socket);
  }

  #dial(transport: StoredConsoleEndpoint["transport"]): Socket {
    const socket = connect({
      ...(transport.kind === "unix"
        ? { path: transport.path }
        : { host: transport.host, port: transport.port }),
      onread: {
        buffer: () => this.#chooser.present.payload,
        callback: (bytes: number) => this.#onRead(bytes),
      },
    });
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MILLISECONDS);
    return socket;
  }

  /**
   * To be called at once, and once. Resolves when the endpoint took the connection, and TLS is up
   * where it comes first.
   * @throws {HostUnreachable} {@link HostTimeout} {@link HostCertificateInvalid} {@link HostError}
   */
  async connected(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#connected = { resolve, reject };
    });
    this.#connected = undefined;
    const { endpoint, webSocket } = this.#options ?? {};
    if (endpoint?.tls?.wrap && !webSocket) await this.startTls("certificate");
  }

  /* ---- handshake --------------------------------------------------------------------------- */

  read(name: string, length: number): Promise<Buffer> {
    const options = this.#options;
    if (!this.#queue || !options)
      return Promise.reject(new HostError(`${name}: the handshake is over`));
    const until = options.clock.now() + patienceSeconds(options, name) * 1000;
    const bytes = this.#queue.read(name, length, until);
    if (this.#queue.length < AHEAD_BYTES) this.#stream.resume();
    return bytes;
  }

  async startTls(kind: HostTlsKind): Promise<void> {
    const options = this.#options;
    if (!options) throw new HostError("TLS handshake: the RFB handshake is over");
    const { transport, tls } = options.endpoint;
    /* bytes sent in the clear must never pass for encrypted ones */
    if (this.#queue && this.#queue.length > 0)
      throw new RFBProtocolError("TLS handshake: the host sent bytes before it");
    if (!(this.#socket instanceof Socket))
      throw new RFBProtocolError("TLS handshake: the host asks for it inside a WebSocket");
    const secure = await upgradeToTls(this.#socket, {
      kind,
      tls,
      hostName: transport.kind === "tcp" ? transport.host : "localhost",
      timeoutSeconds: options.stepMilliseconds / 1000,
      caFiles: options.caFiles,
      client: options.clientCertificate,
    });
    if (this.#gone) {
      secure.destroy();
      throw new HostUnreachable(`${this.name} closed the connection`);
    }
    this.#stream = secure;
    this.#watch(secure);
    secure.on("data", (bytes: Buffer) => this.#onData(bytes));
  }

  /** Fails the dial or the read whose time is over. */
  expire(now: number): void {
    const options = this.#options;
    if (!options) return;
    const seconds = options.stepMilliseconds / 1000;
    if (this.#connected && now >= this.#dialUntil)
      this.#connected.reject(
        new HostTimeout(`${this.name} did not take the connection within ${seconds} seconds`),
      );
    this.#queue?.expire(
      now,
      (name) =>
        new HostTimeout(
          `${this.name} sent no ${name} in time (${patienceSeconds(options, name)} seconds)`,
        ),
    );
  }

  /** Ends the handshake: bytes go to the listener from now on, first those already here. */
  startRelay(): void {
    const ahead = this.#queue?.takeRest();
    this.#queue = undefined;
    this.#options = undefined;
    if (ahead && ahead.length > 0) {
      const backing = Buffer.concat([Buffer.alloc(HEADER_ROOM), ahead]);
      if (!this.#listener.onHostBytes(backing, HEADER_ROOM, ahead.length)) {
        this.#stream.pause();
        return;
      }
    }
    this.#readOn();
  }

  /* ---- relay ------------------------------------------------------------------------------- */

  write(bytes: Uint8Array): void {
    if (!this.#gone) this.#stream.write(bytes);
  }

  /** Bytes that the kernel has not taken. */
  get waitingBytes(): number {
    return this.#stream.writableLength;
  }

  /**
   * Changes whenever the kernel takes some of what waits.
   * FACT(Node 20, lib/net.js, lib/internal/stream_base_commons.js): `writableLength` counts a write as a
   * whole until its last byte is taken; the handle's queue counts bytes.
   */
  get untakenBytes(): number {
    if ("untakenBytes" in this.#socket) return this.#socket.untakenBytes;
    const { _handle: handle } = this.#socket as { _handle?: { writeQueueSize?: number } | null };
    return handle?.writeQueueSize ?? this.waitingBytes;
  }

  /** Calls back when the kernel has taken everything written so far. */
  whenTaken(callback: () => void): void {
    this.#stream.write(Buffer.alloc(0), callback);
  }

  /**
   * The memory that the listener kept is free again. The buffer stays the same: Node.js asks for
   * another one only right after a read.
   */
  resume(): void {
    this.#inFlight = false;
    this.#readOn();
  }

  onNextTurn(): void {
    if (!this.#gone) this.#stream.resume();
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.#gone = true;
    this.#connected?.reject(new HostError("the session is over"));
    this.#queue?.fail(() => new HostError("the session is over"));
    this.#chooser.release(this.#inFlight);
    this.#stream.destroy();
    this.#socket.destroy();
  }

  #readOn(): void {
    if (this.#gone) return;
    if (this.#leftEarly) this.#reportGone(this.#leftEarly.clean);
    else this.#stream.resume();
  }

  /** @returns false to stop reading */
  #onRead(bytes: number): boolean {
    if (this.#gone) return false;
    const buffer = this.#chooser.present;
    if (this.#queue) return this.#enqueue(Buffer.from(buffer.payload.subarray(0, bytes)));
    const backing = buffer.shared ? copyOf(buffer, bytes) : buffer.backing;
    if (!this.#listener.onHostBytes(backing, HEADER_ROOM, bytes)) {
      this.#inFlight = true;
      this.#turnBytes = 0;
      return false;
    }
    if (this.#gone) return false;
    this.#chooser.next(bytes, this.#turns.budget);
    if (bytes === buffer.size) return this.#withinBudget(bytes);
    /* libuv reads again only after a full buffer: this turn is over */
    this.#turnBytes = 0;
    this.#noteShortRead(bytes);
    return true;
  }

  /** TLS: memory of Node.js's own, without room for a header. */
  #onData(bytes: Buffer): void {
    if (this.#gone) return;
    if (this.#queue) {
      if (!this.#enqueue(bytes)) this.#stream.pause();
      return;
    }
    if (!this.#listener.onHostBytes(bytes, 0, bytes.length)) this.#stream.pause();
    else if (!this.#withinBudget(bytes.length)) this.#stream.pause();
  }

  #enqueue(bytes: Buffer): boolean {
    this.#queue?.push(bytes);
    return !this.#queue || this.#queue.length < AHEAD_BYTES;
  }

  #noteShortRead(bytes: number): void {
    this.#shortReads = bytes <= TYPING_BYTES ? this.#shortReads + 1 : 0;
    if (this.#shortReads >= TYPING_READS) this.#turns.noteTyping();
  }

  #withinBudget(bytes: number): boolean {
    this.#shortReads = 0;
    this.#turnBytes += bytes;
    if (this.#turnBytes < this.#turns.budget) return true;
    this.#turnBytes = 0;
    this.#turns.push(this);
    return false;
  }

  #watch(stream: Socket | HostWebSocket): void {
    stream.on("error", (error) => this.#onGone(error));
    stream.on("end", () => this.#onGone(undefined));
    stream.on("close", () => this.#onGone(undefined));
  }

  #onGone(error: Error | undefined): void {
    if (this.#gone) return;
    if (this.#connected) {
      this.#connected.reject(this.#unreachable(error));
      return;
    }
    if (this.#queue) {
      this.#leftEarly ??= { clean: error === undefined };
      this.#queue.fail(
        (name) =>
          new HostUnreachable(
            `${this.name} closed the connection${name ? ` while ${name} was awaited` : ""}${error ? `: ${messageOf(error)}` : ""}`,
          ),
      );
      return;
    }
    this.#reportGone(error === undefined);
  }

  /** A WebSocket says itself what was wrong with the machine. */
  #unreachable(error: Error | undefined): HostError {
    if (error instanceof HostError) return error;
    const why = error ? messageOf(error) : "closed";
    return new HostUnreachable(`${this.name} cannot be reached: ${why}`);
  }

  #reportGone(clean: boolean): void {
    this.#gone = true;
    this.#listener.onHostGone(clean);
  }
}

function patienceSeconds(
  { endpoint, stepMilliseconds }: HostConnectionOptions,
  name: string,
): number {
  const own =
    name === READ_PROTOCOL_VERSION
      ? endpoint.quirks?.bannerTimeoutSeconds
      : name === READ_PRELUDE
        ? endpoint.preludeSeconds
        : undefined;
  return own ?? stepMilliseconds / 1000;
}

/** Header room and the bytes of one read, in memory of their own. */
function copyOf(buffer: ReadBuffer, bytes: number): Buffer {
  const copy = Buffer.allocUnsafe(HEADER_ROOM + bytes);
  buffer.backing.copy(copy, HEADER_ROOM, HEADER_ROOM, HEADER_ROOM + bytes);
  return copy;
}

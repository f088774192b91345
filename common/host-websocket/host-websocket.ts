/**
 * A machine's console inside a WebSocket, as a stream of its bytes: dials, logs in to the BMC where that is
 * wanted, and then unwraps and wraps. Emits "connect" once; ends when the BMC ends it; what the BMC made for
 * it is given back whatever happens.
 *
 * FACT(openbmc/bmcweb, features/kvm/kvm_websocket.hpp): a client message for which 1024 bytes together with
 * those not yet passed on have no room closes the connection ("Buffer overrun"). So no more than
 * `maxMessageBytes` are ever under way: a ping follows them, and what was before it counts as passed on when
 * its pong is back.
 */
import { Duplex } from "node:stream";
import type { Socket } from "node:net";
import type { CaFiles } from "../ca-files.ts";
import type { ConsoleTransport, HostTls } from "../console-endpoint.ts";
import { HostError, HostTimeout } from "../errors.ts";
import type { Secret } from "../secret.ts";
import type { BmcSession, BmcSessions } from "./bmc-sessions.ts";
import { ClientFrameWriter } from "./client-frames.ts";
import { HostWebSocketClosed } from "./refusals.ts";
import { OPCODE, ServerFrameReader, type ServerFrameListener } from "./server-frames.ts";
import { upgradeWeb, type Upgraded } from "./web-place.ts";

export interface HostWebSocketTarget {
  readonly transport: Extract<ConsoleTransport, { kind: "websocket" }>;
  /** Without it the connection is in the clear, and credentials are refused. */
  readonly tls?: HostTls | undefined;
  readonly username?: string | undefined;
  /** Opens it when it is needed. */
  readonly password?: (() => Secret) | undefined;
}

export interface HostWebSocketOptions {
  /** How long each of dial, TLS handshake and answer may take. */
  readonly stepMilliseconds: number;
  readonly caFiles: CaFiles;
  readonly sessions: BmcSessions;
  /** After so much silence the host is asked for a sign of life, and has as long to give it. */
  readonly silenceMilliseconds?: number;
}

const SILENCE_MILLISECONDS = 30_000;
const BUFFER_BYTES = 64 * 1024;
/** How long the BMC may take our goodbye. */
const GOODBYE_MILLISECONDS = 1000;
const NORMAL_CLOSURE = Buffer.from([0x03, 0xe8]);

interface PendingWrite {
  readonly bytes: Buffer;
  at: number;
  readonly done: (error?: Error | null) => void;
}

export class HostWebSocket extends Duplex implements ServerFrameListener {
  readonly #target: HostWebSocketTarget;
  readonly #options: HostWebSocketOptions;
  readonly #frames = new ClientFrameWriter();
  readonly #reader = new ServerFrameReader(this);
  readonly #abort = new AbortController();
  readonly #window: number;
  #session: BmcSession | undefined;
  #socket: Socket | undefined;
  #pending: PendingWrite | undefined;
  /** Sent, and perhaps not passed on by the BMC. */
  #underWayBytes = 0;
  /** Those of them that the ping under way stands behind. */
  #beforePing = 0;
  #pinged = false;
  #pingNumber = 0;
  #pongDue: Buffer | undefined;
  #gotData = false;
  #closing: { readonly code: number; readonly reason: string } | undefined;
  #ended = false;
  #held = false;
  #heard = true;
  #silence: NodeJS.Timeout | undefined;

  constructor(target: HostWebSocketTarget, options: HostWebSocketOptions) {
    super({
      allowHalfOpen: false,
      readableHighWaterMark: BUFFER_BYTES,
      writableHighWaterMark: BUFFER_BYTES,
    });
    this.#target = target;
    this.#options = options;
    this.#window = target.transport.maxMessageBytes;
    this.#open().then(
      (upgraded) => this.#carry(upgraded),
      (error: unknown) => this.destroy(error as Error),
    );
  }

  /** Changes whenever the host takes some of what waits. */
  get untakenBytes(): number {
    return this.writableLength - (this.#pending?.at ?? 0);
  }

  async #open(): Promise<Upgraded> {
    const { transport, tls } = this.#target;
    const { stepMilliseconds, caFiles } = this.#options;
    const place = { host: transport.host, port: transport.port, tls };
    const limits = { stepMilliseconds, caFiles, signal: this.#abort.signal };
    const { username } = this.#target;
    const password = this.#target.password?.();
    const credentials = username !== undefined && password ? { username, password } : undefined;
    if (credentials && !tls) throw new HostError("a password is not sent without TLS");
    if (credentials && transport.authentication === "session")
      this.#session = await this.#options.sessions.open(place, limits, credentials);
    return await upgradeWeb(place, limits, transport.path, this.#authorization(credentials));
  }

  #authorization(
    credentials: { readonly username: string; readonly password: Secret } | undefined,
  ): Record<string, string> {
    if (this.#session) return { "x-auth-token": this.#session.token.reveal() };
    if (!credentials) return {};
    const { username, password } = credentials;
    const pair = Buffer.from(`${username}:${password.reveal()}`, "utf8").toString("base64");
    return { authorization: `Basic ${pair}` };
  }

  #carry({ socket, head }: Upgraded): void {
    if (this.destroyed) {
      socket.destroy();
      return;
    }
    this.#socket = socket;
    socket.on("error", (error) => this.destroy(error));
    socket.on("end", () => this.#onEnd());
    socket.on("close", () => this.#onEnd());
    const silence = this.#options.silenceMilliseconds ?? SILENCE_MILLISECONDS;
    this.#silence = setInterval(() => this.#checkSilence(), silence);
    this.emit("connect");
    if (head.length > 0) this.#onBytes(head);
    if (this.destroyed) return;
    socket.on("data", (bytes: Buffer) => this.#onBytes(bytes));
    this.#pump();
  }

  /* ---- from the host ----------------------------------------------------------------------- */

  #onBytes(bytes: Buffer): void {
    this.#heard = true;
    if (this.#ended || this.destroyed) return;
    let data: Buffer;
    try {
      data = this.#reader.read(bytes);
    } catch (error) {
      this.destroy(error as Error);
      return;
    }
    if (data.length > 0) {
      this.#gotData = true;
      if (!this.push(data)) this.#hold();
    }
    if (this.destroyed) return;
    if (this.#closing) this.#onCloseFrame(this.#closing);
    else this.#answerPing();
  }

  #hold(): void {
    this.#held = true;
    this.#socket?.pause();
  }

  override _read(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#heard = true;
    this.#socket?.resume();
  }

  onPing(payload: Buffer): void {
    this.#pongDue = payload;
  }

  onPong(payload: Buffer): void {
    if (!this.#pinged || payload.length !== 4 || payload.readUInt32BE(0) !== this.#pingNumber)
      return;
    this.#pinged = false;
    this.#underWayBytes -= this.#beforePing;
    this.#pump();
  }

  onClose(code: number, reason: string): void {
    this.#closing = { code, reason };
  }

  /** RFC 6455 section 5.5.3: of several pings the latest may be answered alone. */
  #answerPing(): void {
    const socket = this.#socket;
    if (!this.#pongDue || !socket || socket.writableLength > BUFFER_BYTES) return;
    socket.write(this.#frames.frame(OPCODE.pong, this.#pongDue));
    this.#pongDue = undefined;
  }

  /** Before its first byte a goodbye is a refusal: no free seat, or nothing behind it. */
  #onCloseFrame({ code, reason }: { readonly code: number; readonly reason: string }): void {
    if (this.#gotData) this.#onEnd();
    else this.destroy(new HostWebSocketClosed(code, reason));
  }

  #onEnd(): void {
    if (this.#ended || this.destroyed) return;
    this.#ended = true;
    this.push(null);
    this.#sayGoodbye();
  }

  /* ---- to the host ------------------------------------------------------------------------- */

  override _write(
    chunk: Buffer,
    _encoding: BufferEncoding,
    done: (error?: Error | null) => void,
  ): void {
    this.#pending = { bytes: chunk, at: 0, done };
    this.#pump();
  }

  /** Sends as much as the BMC surely has room for. */
  #pump(): void {
    const socket = this.#socket;
    if (!socket || this.#ended) return;
    while (this.#pending && this.#underWayBytes < this.#window) {
      const { bytes, at, done } = this.#pending;
      const end = Math.min(bytes.length, at + this.#window - this.#underWayBytes);
      const isLast = end === bytes.length;
      if (isLast) this.#pending = undefined;
      else this.#pending.at = end;
      this.#underWayBytes += end - at;
      const piece = bytes.subarray(at, end);
      if (piece.length > 0)
        socket.write(this.#frames.frame(OPCODE.binary, piece), isLast ? done : undefined);
      else done();
    }
    if (this.#underWayBytes * 2 >= this.#window) this.#ping();
  }

  #ping(): void {
    if (this.#pinged || !this.#socket) return;
    this.#pinged = true;
    this.#beforePing = this.#underWayBytes;
    this.#pingNumber = (this.#pingNumber + 1) >>> 0;
    const payload = Buffer.allocUnsafe(4);
    payload.writeUInt32BE(this.#pingNumber);
    this.#socket.write(this.#frames.frame(OPCODE.ping, payload));
  }

  /** FACT(Linux): TCP's own keep-alive takes eleven minutes to notice a BMC that lost its power. */
  #checkSilence(): void {
    if (this.#held || this.#ended) return;
    if (this.#heard) {
      this.#heard = false;
      this.#ping();
    } else this.destroy(new HostTimeout("the host does not answer any more"));
  }

  /* ---- the end ----------------------------------------------------------------------------- */

  override _final(done: (error?: Error | null) => void): void {
    this.#sayGoodbye();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#abort.abort();
    clearInterval(this.#silence);
    this.#sayGoodbye();
    this.#session?.close();
    this.#pending?.done(error ?? new HostError("the session is over"));
    this.#pending = undefined;
    done(error);
  }

  /** Lets the BMC know at once that the seat is free, and closes the connection, whether it heard or not. */
  #sayGoodbye(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    if (!socket || socket.destroyed) return;
    const timer = setTimeout(() => socket.destroy(), GOODBYE_MILLISECONDS);
    socket.once("close", () => clearTimeout(timer));
    socket.resume();
    socket.end(this.#frames.frame(OPCODE.close, NORMAL_CLOSURE), () => socket.destroy());
  }
}

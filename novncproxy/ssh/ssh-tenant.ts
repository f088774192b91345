/**
 * The tenant side of a serial session over SSH: one channel and the connection under it. What the client
 * does before `start` is kept until then.
 */
import type { TenantProtocolError } from "../../common/errors.ts";
import type { SerialNotice } from "../../common/serial-messages.ts";
import type { LineChunk } from "../serial/line-chunk.ts";
import type { SerialTenant, SerialTenantListener } from "../serial/serial-tenant.ts";
import type { SessionNotice } from "../../common/session-notices.ts";
import { closingWords } from "./front/closing-words.ts";
import type { Front, FrontHost } from "./front/front.ts";
import { askForLife } from "./ssh2-internals.ts";
import { SshOutput, type SshPeer } from "./ssh-output.ts";

/** Of a session that the client did not end itself. */
const ENDED_FROM_HERE = 1;

export class SshTenant implements SerialTenant, FrontHost {
  readonly output: SshOutput;
  heard = true;
  readonly #peer: SshPeer;
  readonly #listener: SerialTenantListener;
  readonly #front: Front;
  #started = false;
  #paused = false;
  #closing = false;
  #leaveStatus: number | undefined;
  /** What was not told yet because the session had not begun. */
  #gone: { readonly clean: boolean } | undefined;
  #error: TenantProtocolError | undefined;
  #socketClosed = false;
  #inputEnded = false;

  /** @param makeFront what the client sees of the session */
  constructor(
    peer: SshPeer,
    listener: SerialTenantListener,
    makeFront: (host: FrontHost) => Front,
  ) {
    this.#peer = peer;
    this.#listener = listener;
    this.output = new SshOutput(peer);
    this.#front = makeFront(this);
    const { channel, socket } = peer;
    channel.on("end", () => this.#onInputEnd());
    channel.on("close", () => this.onGone(true));
    channel.on("error", () => this.onGone(false));
    socket.on("data", () => {
      this.heard = true;
    });
    socket.on("end", () => this.onGone(true));
    socket.on("error", () => this.onGone(false));
    socket.on("close", () => this.#onSocketClosed());
    if (socket.destroyed) this.#onSocketClosed();
  }

  /** The session has begun: from now on the listener hears the client. */
  start(): void {
    this.#started = true;
    this.#peer.channel.on("data", (bytes: Buffer) => {
      if (!this.#closing) this.#front.typed(bytes);
    });
    if (this.#paused) this.#peer.channel.pause();
    this.#front.started();
    if (this.#error) this.#listener.onTenantError(this.#error);
    if (this.#gone) this.#listener.onTenantGone(this.#gone.clean);
    if (this.#socketClosed) this.#listener.onTenantSocketClosed();
  }

  /* ---- FrontHost --------------------------------------------------------------------------- */

  type(bytes: Buffer): void {
    if (!this.#closing && bytes.length > 0) this.#listener.onTenantBytes(bytes);
  }

  request(request: Parameters<SerialTenantListener["onTenantRequest"]>[0]): void {
    if (this.#started && !this.#closing) this.#listener.onTenantRequest(request);
  }

  leave(exitStatus: number): void {
    this.#leaveStatus ??= exitStatus;
    this.onGone(true);
  }

  /* ---- SerialTenant ------------------------------------------------------------------------ */

  get waitingBytes(): number {
    return this.output.waitingBytes;
  }

  get paused(): boolean {
    return this.#paused;
  }

  send(chunk: LineChunk): void {
    if (!this.#closing) this.#front.line(chunk.bytes);
  }

  whenTaken(callback: () => void): void {
    this.output.whenTaken(callback);
  }

  notice(notice: SerialNotice | SessionNotice): boolean {
    if (this.#closing) return true;
    if (this.output.isCrowded && notice.type !== "replay" && notice.type !== "gap") return false;
    this.#front.notice(notice);
    return true;
  }

  ping(): void {
    if (!this.#peer.socket.destroyed) askForLife(this.#peer.client);
  }

  pause(): void {
    this.#paused = true;
    this.#peer.channel.pause();
  }

  resume(): void {
    this.#paused = false;
    if (this.#started) this.#peer.channel.resume();
  }

  close(_code: number, reason: string): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#front.closing(closingWords(reason));
    this.#front.stop();
    this.output.end(this.#leaveStatus ?? ENDED_FROM_HERE);
    /* what the client still sends is read, so that its goodbye is seen */
    this.#peer.channel.resume();
  }

  destroy(): void {
    this.#closing = true;
    this.#front.stop();
    this.#peer.socket.destroy();
  }

  /* ---- from the connection ----------------------------------------------------------------- */

  onBreak(): void {
    this.request({ type: "break" });
  }

  onGone(clean: boolean): void {
    if (this.#gone) return;
    this.#gone = { clean };
    if (this.#started && !this.#error) this.#listener.onTenantGone(clean);
  }

  onError(error: TenantProtocolError): void {
    if (this.#error || this.#gone) return;
    this.#error = error;
    if (this.#started) this.#listener.onTenantError(error);
  }

  #onInputEnd(): void {
    if (this.#inputEnded || this.#closing) return;
    this.#inputEnded = true;
    this.#front.inputEnded();
  }

  #onSocketClosed(): void {
    if (this.#socketClosed) return;
    this.onGone(false);
    this.#socketClosed = true;
    this.#front.stop();
    if (this.#started) this.#listener.onTenantSocketClosed();
  }
}

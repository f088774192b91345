/**
 * A viewer who comes by WebSocket. Under our own sub-protocol text frames are messages; for everybody
 * else (Horizon, Nova's page, command line tools) text frames are typed bytes as well, and nothing but
 * the line's bytes is sent. Under `base64` bytes travel as base64 text, both ways.
 */
import type { Socket } from "node:net";
import type { Clock } from "../../common/clock.ts";
import type { TenantProtocolError } from "../../common/errors.ts";
import type { SerialNotice } from "../../common/serial-messages.ts";
import type { SessionNotice } from "../../common/session-notices.ts";
import { TenantConnection } from "../tenant-connection.ts";
import { BASE64_PROTOCOL, NOTICES_PROTOCOL } from "../ws-handshake.ts";
import { Base64Input } from "./base64-input.ts";
import type { LineChunk } from "./line-chunk.ts";
import { readSerialRequest } from "./serial-request.ts";
import type { SerialTenant, SerialTenantListener } from "./serial-tenant.ts";

export class WebSocketTenant implements SerialTenant {
  readonly #connection: TenantConnection;
  readonly #listener: SerialTenantListener;
  readonly #speaksNotices: boolean;
  readonly #base64: Base64Input | undefined;

  /** @param options `protocol` the sub-protocol that was answered */
  constructor(
    socket: Socket,
    listener: SerialTenantListener,
    options: {
      readonly protocol: string | undefined;
      readonly clock: Clock;
      readonly stepMilliseconds: number;
    },
  ) {
    this.#listener = listener;
    this.#speaksNotices = options.protocol === NOTICES_PROTOCOL;
    this.#base64 = options.protocol === BASE64_PROTOCOL ? new Base64Input() : undefined;
    this.#connection = new TenantConnection(socket, this, {
      ...options,
      textIsData: !this.#speaksNotices,
    });
    this.#connection.startRelay();
  }

  get waitingBytes(): number {
    return this.#connection.waitingBytes;
  }

  get heard(): boolean {
    return this.#connection.heard;
  }

  set heard(heard: boolean) {
    this.#connection.heard = heard;
  }

  get paused(): boolean {
    return this.#connection.paused;
  }

  send(chunk: LineChunk): void {
    this.#connection.sendFrame(this.#base64 ? chunk.base64Frame : chunk.binaryFrame);
  }

  whenTaken(callback: () => void): void {
    this.#connection.whenTaken(callback);
  }

  notice(notice: SerialNotice | SessionNotice): boolean {
    return !this.#speaksNotices || this.#connection.sendText(notice);
  }

  ping(): void {
    this.#connection.ping();
  }

  pause(): void {
    this.#connection.pause();
  }

  resume(): void {
    this.#connection.resume();
  }

  close(code: number, reason: string): void {
    this.#connection.close(code, reason);
  }

  destroy(): void {
    this.#connection.destroy();
  }

  /* ---- TenantListener ---------------------------------------------------------------------- */

  onTenantBytes(bytes: Buffer): void {
    const clear = this.#base64 ? this.#base64.decode(bytes) : bytes;
    if (clear.length > 0) this.#listener.onTenantBytes(clear);
  }

  onTenantText(text: string): void {
    try {
      this.#listener.onTenantRequest(readSerialRequest(text));
    } catch (error) {
      this.#listener.onTenantError(error as TenantProtocolError);
    }
  }

  onTenantGone(clean: boolean): void {
    this.#listener.onTenantGone(clean);
  }

  onTenantError(error: TenantProtocolError): void {
    this.#listener.onTenantError(error);
  }

  onTenantSocketClosed(): void {
    this.#listener.onTenantSocketClosed();
  }
}

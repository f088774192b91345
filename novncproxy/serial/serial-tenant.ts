/**
 * The tenant side of a serial session, whatever carries it (WebSocket, SSH). It moves bytes and messages
 * and decides nothing: only the session closes it, and it never throws.
 */
import type { TenantProtocolError } from "../../common/errors.ts";
import type { SerialNotice, SerialRequest } from "../../common/serial-messages.ts";
import type { SessionNotice } from "../../common/session-notices.ts";
import type { LineChunk } from "./line-chunk.ts";

export interface SerialTenant {
  /**
   * Bytes sent that the peer's connection has not taken; the session holds back above a limit and asks
   * `whenTaken`. For SSH: what waits for channel window as well.
   */
  readonly waitingBytes: number;
  /** Sends bytes of the line. Their memory is shared with other viewers: never write to it. */
  send(chunk: LineChunk): void;
  /** Calls back once, when everything sent so far has been taken; not at all when it was destroyed. */
  whenTaken(callback: () => void): void;
  /**
   * Says something beside the line's bytes, in order with them. A peer without words for it leaves it out
   * and returns true.
   * @returns false when it was left out because too much waits, and should be said again later
   */
  notice(notice: SerialNotice | SessionNotice): boolean;
  /** Asks the peer for a sign of life, which sets `heard`. */
  ping(): void;
  /** Set by everything that comes from the peer; the sweep clears it. */
  heard: boolean;
  readonly paused: boolean;
  /** Takes no more input from the peer until `resume`. */
  pause(): void;
  resume(): void;
  /**
   * Says goodbye; the peer has a moment to answer until `destroy`.
   * @param code WebSocket close code
   * @param reason a ClosedReason or an error code
   */
  close(code: number, reason: string): void;
  /** Ends the connection at once. */
  destroy(): void;
}

/** What the session hears from its tenant. Nothing of it is called before `SerialDoor.open` is done. */
export interface SerialTenantListener {
  /** Typed bytes. @param bytes the listener's own from now on: they must not change afterwards */
  onTenantBytes(bytes: Buffer): void;
  onTenantRequest(request: SerialRequest): void;
  /** The peer closed, or the connection did. @param clean false when it broke without a word */
  onTenantGone(clean: boolean): void;
  /** The peer broke the rules of its protocol. */
  onTenantError(error: TenantProtocolError): void;
  /** Nothing is left of the connection; told once, last, also after `destroy`. */
  onTenantSocketClosed(): void;
}

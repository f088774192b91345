/**
 * The way in to a serial line for whatever carries a viewer: judges the token, opens the session's row,
 * gets hold of the line, and only then lets the viewer be connected.
 */
import type { ClosedReason } from "../../common/closed-reason.ts";
import type { SerialViewer } from "../../common/serial-messages.ts";
import type { SessionMode } from "../../db/database.ts";
import type { SerialTenant, SerialTenantListener } from "./serial-tenant.ts";

export interface SerialDoorRequest {
  readonly token: string;
  /** Must be the token's node when given. */
  readonly nodeUuid?: string;
  readonly sourceAddress: string;
  /** What the peer calls itself; cut to 256 characters. */
  readonly userAgent: string | null;
  readonly via: SerialViewer["via"];
}

export interface SerialSessionHandle {
  readonly id: string;
  readonly nodeUuid: string;
  /** What the link and [vnc]read_only allow. */
  readonly mode: SessionMode;
  /** Ends the session; the first reason wins. */
  close(reason: ClosedReason): void;
}

export interface SerialDoor {
  /**
   * @param connect makes the tenant side, called once, when the viewer is let in; a throw of it ends the
   * session and is passed on
   * @throws {InvalidToken} {@link TooManySessions} {@link NodeConsoleNotEnabled}
   * @throws {ConsoleTypeNotSupported} when the token's console is a screen
   * @throws {LineHeldElsewhere} when another proxy has viewers of this line
   * @throws {TemporaryFailure} {@link ShuttingDown}
   */
  open(
    request: SerialDoorRequest,
    connect: (listener: SerialTenantListener) => SerialTenant,
  ): Promise<SerialSessionHandle>;
}

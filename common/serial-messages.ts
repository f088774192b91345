/**
 * The text frames of a serial session under the sub-protocol `baremetal-console.v1`; its binary frames
 * are the line's bytes, both ways. One JSON object a frame; a type that one does not know is ignored by
 * the viewer and refused by the proxy.
 *
 * At first: `session`, `state`, `line`, `viewers`, then `replay` with the scrollback behind it, then live
 * bytes. `session`, `state`, `warning` and `warning_over` are those of a screen's session.
 */

export type LineStateName = "idle" | "connecting" | "connected" | "reconnecting" | "taken";

/** Somebody attached to the same line. Never an address: other tenants' whereabouts are not told. */
export interface SerialViewer {
  /** Of the session. */
  readonly id: string;
  readonly user: string | null;
  readonly via: "browser" | "ssh" | "other";
  /** What the link allows. */
  readonly mode: "control" | "view";
  /** Keys of this one reach the machine now. */
  readonly writing: boolean;
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly you: boolean;
}

/** From the proxy. */
export type SerialNotice =
  | {
      /** What the line does; said at first and at every change. */
      readonly type: "line";
      readonly state: LineStateName;
      /** Why it is not connected, in words for a tenant. */
      readonly detail: string | null;
      readonly since: number;
      /** Until the next attempt; null when none is due. */
      readonly retrySeconds: number | null;
    }
  | { readonly type: "viewers"; readonly viewers: readonly SerialViewer[] }
  /** The next `bytes` bytes in binary frames are scrollback of the time before. */
  | { readonly type: "replay"; readonly bytes: number; readonly lines: number }
  /** This viewer was too slow: so many bytes are missing here; what follows is live again. */
  | { readonly type: "gap"; readonly bytes: number }
  /** What the viewer asked for was not done; why, in words. */
  | {
      readonly type: "refused";
      readonly request: SerialRequest["type"];
      readonly detail: string;
    };

/** From the viewer. */
export type SerialRequest =
  | { readonly type: "keep_open" }
  /** Sends a break condition (RS-232), as the line's dialect can. */
  | { readonly type: "break" }
  /** Send the last lines once more. */
  | { readonly type: "replay"; readonly lines: number }
  /** With [console]writers = one: type from now on, instead of whoever does. */
  | { readonly type: "take_control" };

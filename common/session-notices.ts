/** What the proxy says to a viewer about his session, in text frames; the same for screens and lines. */
import type { ClosedReason } from "./closed-reason.ts";
import type { StartStep } from "./console-prelude.ts";

export type LimitReason = Extract<ClosedReason, "idle_timeout" | "session_limit">;

export type SessionNotice =
  | {
      /** The first message of all. */
      readonly type: "session";
      readonly id: string;
      readonly mode: "control" | "view";
      readonly node: { readonly uuid: string; readonly name: string | null };
      readonly idleTimeoutSeconds: number;
      readonly sessionTimeoutSeconds: number;
      /** Milliseconds since the epoch; a new connection under the same link is refused from then on. */
      readonly tokenExpiresAt: number;
    }
  /** Something has to be started before the machine can be dialled; how far that is. */
  | {
      readonly type: "starting";
      readonly step: StartStep;
      readonly elapsedMs: number;
      /** Place in the queue, 1 being next. */
      readonly position?: number;
    }
  /** While it starts: whether the machine's management controller answers. */
  | { readonly type: "bmc"; readonly answers: boolean }
  | { readonly type: "state"; readonly state: "connecting" | "authenticating" | "connected" }
  /** Who else is connected to this machine's screen: may type, and may only look. */
  | { readonly type: "others"; readonly controlling: number; readonly watching: number }
  /** It will be ended for that reason unless something changes. */
  | { readonly type: "warning"; readonly reason: LimitReason; readonly secondsLeft: number }
  | { readonly type: "warning_over" };

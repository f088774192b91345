/** What the proxy says to a viewer about his session, in text frames; the same for screens and lines. */
import type { ClosedReason } from "./closed-reason.ts";

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
  | { readonly type: "state"; readonly state: "connecting" | "authenticating" | "connected" }
  /** It will be ended for that reason unless something changes. */
  | { readonly type: "warning"; readonly reason: LimitReason; readonly secondsLeft: number }
  | { readonly type: "warning_over" };

/**
 * The two time limits of a session: quiet too long (input counts, not traffic) and too old. Says when to
 * warn and when to end; owns no timer and closes nothing.
 */
import type { LimitReason } from "../common/session-notices.ts";

export type LimitEvent =
  | { readonly kind: "none" }
  | { readonly kind: "warning"; readonly reason: LimitReason; readonly secondsLeft: number }
  | { readonly kind: "warning_over" }
  | { readonly kind: "end"; readonly reason: LimitReason };

/** All in milliseconds; 0 means no limit. */
export interface LimitSettings {
  readonly idle: number;
  readonly session: number;
  /** How long before a limit the user is told; at most half of the limit. */
  readonly warning: number;
}

const NONE: LimitEvent = { kind: "none" };

export class SessionLimits {
  readonly #settings: LimitSettings;
  readonly #openedAt: number;
  #inputAt: number;
  #warned: LimitReason | undefined;
  #warnedBefore: LimitReason | undefined;

  constructor(settings: LimitSettings, openedAt: number) {
    this.#settings = settings;
    this.#openedAt = openedAt;
    this.#inputAt = openedAt;
  }

  /** The user pressed, moved, or asked to be kept. */
  noteInput(now: number): void {
    this.#inputAt = now;
  }

  /** The warning, or its end, that was told last did not reach the user: it is told again. */
  repeat(): void {
    this.#warned = this.#warnedBefore;
  }

  /** Asked about once a second. */
  check(now: number): LimitEvent {
    const { idle, session } = this.#settings;
    if (idle === 0 && session === 0) return NONE;
    const idleLeft = idle === 0 ? Infinity : this.#inputAt + idle - now;
    const sessionLeft = session === 0 ? Infinity : this.#openedAt + session - now;
    const reason: LimitReason = idleLeft <= sessionLeft ? "idle_timeout" : "session_limit";
    const left = Math.min(idleLeft, sessionLeft);
    if (left <= 0) return { kind: "end", reason };
    const limit = reason === "idle_timeout" ? idle : session;
    if (left <= Math.min(this.#settings.warning, limit / 2)) return this.#warn(reason, left);
    if (this.#warned === undefined) return NONE;
    this.#note(undefined);
    return { kind: "warning_over" };
  }

  #warn(reason: LimitReason, left: number): LimitEvent {
    if (this.#warned === reason) return NONE;
    this.#note(reason);
    return { kind: "warning", reason, secondsLeft: Math.ceil(left / 1000) };
  }

  #note(warned: LimitReason | undefined): void {
    this.#warnedBefore = this.#warned;
    this.#warned = warned;
  }
}

/**
 * What any session has besides the bytes it carries: who it is, its counters and limits, the log lines,
 * metrics and row of its beginning and its end. The first end wins.
 *
 * Owns no socket and no timer.
 */
import type { Clock } from "../common/clock.ts";
import { CLOSED_REASONS, type ClosedReason } from "../common/closed-reason.ts";
import { ConsoleServiceError, ConsoleStartFailed, messageOf } from "../common/errors.ts";
import type { Logger } from "../common/log.ts";
import type { OpenedSession, SessionCounters, SessionMode } from "../db/database.ts";
import type { ProxyMetrics } from "./metrics.ts";
import { SessionLimits, type LimitSettings } from "./session-limits.ts";
import type { SessionNotice } from "../common/session-notices.ts";
import { SessionPulse } from "./session-pulse.ts";
import type { SessionRows } from "./session-rows.ts";

export interface RecordEnvironment {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: ProxyMetrics;
  readonly rows: SessionRows;
  readonly limits: LimitSettings;
  readonly pingMilliseconds: number;
  /** [vnc]read_only: nobody types. */
  readonly readOnly: boolean;
}

/** What the registry does with any session. */
export interface CarriedSession {
  readonly record: SessionRecord;
  /** Looks at every deadline; called about once a second. */
  sweep(now: number): void;
  /** Ends the session for one of the reasons that are nobody's error. */
  close(reason: ClosedReason): void;
  /** Does not wait for the tenant's goodbye any longer. */
  cut(): void;
}

/** Of the tenant side, whatever carries it. */
export interface WatchedTenant {
  heard: boolean;
  readonly paused: boolean;
  readonly waitingBytes: number;
  ping(): void;
}

/** What ended a session, for its close frame. */
export interface SessionEnding {
  /** A ClosedReason or an error code. */
  readonly reason: string;
  readonly closeCode: number;
}

/** How long a tenant may take to answer the close frame. */
const GOODBYE_MILLISECONDS = 1500;

export class SessionRecord {
  readonly id: string;
  readonly nodeUuid: string;
  /** True when what this session types is dropped. */
  readonly viewOnly: boolean;
  /** Counters changed since they were written last. */
  dirty = false;
  bytesToTenant = 0;
  bytesToHost = 0;
  /** When patience with the tenant's goodbye ends; 0 while the session runs. */
  closeBy = 0;
  readonly #environment: RecordEnvironment;
  readonly #openedAt: number;
  readonly #limits: SessionLimits;
  readonly #pulse: SessionPulse;
  #lastInputAt: number | null = null;
  #countedToTenant = 0;
  #countedToHost = 0;

  constructor(environment: RecordEnvironment, opened: OpenedSession) {
    const now = environment.clock.now();
    this.id = opened.session.id;
    this.nodeUuid = opened.node.uuid;
    this.viewOnly = environment.readOnly || opened.session.mode === "view";
    this.#environment = environment;
    this.#openedAt = opened.session.openedAt;
    this.#limits = new SessionLimits(environment.limits, now);
    this.#pulse = new SessionPulse(environment.pingMilliseconds, now);
  }

  get mode(): SessionMode {
    return this.viewOnly ? "view" : "control";
  }

  get isOver(): boolean {
    return this.closeBy !== 0;
  }

  get counters(): SessionCounters {
    return {
      lastInputAt: this.#lastInputAt,
      bytesToTenant: this.bytesToTenant,
      bytesToHost: this.bytesToHost,
    };
  }

  /** Bytes carried since this was asked last, for metrics. */
  takeUncounted(): { readonly toTenant: number; readonly toHost: number } {
    const uncounted = {
      toTenant: this.bytesToTenant - this.#countedToTenant,
      toHost: this.bytesToHost - this.#countedToHost,
    };
    this.#countedToTenant = this.bytesToTenant;
    this.#countedToHost = this.bytesToHost;
    return uncounted;
  }

  /** @returns the first thing to say to the page */
  begin({ session, node, tokenExpiresAt }: OpenedSession): SessionNotice {
    const { limits, log, metrics } = this.#environment;
    metrics.sessionsOpened.inc({ mode: this.mode });
    /* winston formats a line before it looks at its level */
    if (log.isInfoEnabled())
      log.info("console session opened", {
        session: this.id,
        node: node.uuid,
        mode: session.mode,
        user: session.userId ?? undefined,
        project: session.projectId ?? undefined,
        source: session.sourceAddress,
      });
    return {
      type: "session",
      id: this.id,
      mode: this.mode,
      node: { uuid: node.uuid, name: node.name },
      idleTimeoutSeconds: limits.idle / 1000,
      sessionTimeoutSeconds: limits.session / 1000,
      tokenExpiresAt,
    };
  }

  /** The user pressed, moved, or asked to be kept. */
  noteInput(): void {
    const now = this.#environment.clock.now();
    this.#lastInputAt = now;
    this.dirty = true;
    this.#limits.noteInput(now);
  }

  /**
   * @param notify tells the page; returns false when it could not be told now
   * @returns the reason to end the session, if a limit is reached
   */
  checkLimits(now: number, notify: (notice: SessionNotice) => boolean): ClosedReason | undefined {
    const event = this.#limits.check(now);
    if (event.kind === "end") return event.reason;
    if (event.kind === "none") return undefined;
    const { kind: type, ...rest } = event;
    if (!notify({ type, ...rest } as SessionNotice)) this.#limits.repeat();
    return undefined;
  }

  /**
   * Pings a quiet tenant.
   * @param taken bytes that it has taken so far, which grow with a slow tenant too
   * @returns true when it must be taken for dead
   */
  checkPulse(now: number, tenant: WatchedTenant, taken: number): boolean {
    if (tenant.paused) return false;
    const heard = tenant.heard;
    tenant.heard = false;
    const progress = tenant.waitingBytes > 0 ? taken : undefined;
    const verdict = this.#pulse.check(now, heard, progress);
    if (verdict === "ping") tenant.ping();
    return verdict === "dead";
  }

  /** Ends for a reason that is nobody's error. @returns undefined when it has ended already */
  end(reason: ClosedReason): SessionEnding | undefined {
    return this.#end(reason, CLOSED_REASONS[reason]);
  }

  /** Ends because of an error. @returns undefined when it has ended already */
  fail(error: unknown): SessionEnding | undefined {
    if (this.isOver) return undefined;
    const known = error instanceof ConsoleServiceError ? error : undefined;
    const fields = {
      session: this.id,
      node: this.nodeUuid,
      code: known?.code ?? "INTERNAL",
      error: known ? messageOf(error) : error,
    };
    if (known) this.#environment.log.warn("console session failed", fields);
    else this.#environment.log.error("console session failed unexpectedly", fields);
    const reason = known instanceof ConsoleStartFailed ? known.reason : known?.code;
    return this.#end(reason ?? "INTERNAL", known?.closeCode ?? 1011);
  }

  #end(reason: string, closeCode: number): SessionEnding | undefined {
    if (this.isOver) return undefined;
    const { clock, log, metrics, rows } = this.#environment;
    const now = clock.now();
    this.closeBy = now + GOODBYE_MILLISECONDS;
    metrics.sessionsClosed.inc({ reason });
    rows.close(this.id, reason, this.counters);
    if (log.isInfoEnabled())
      log.info("console session closed", {
        session: this.id,
        node: this.nodeUuid,
        reason,
        seconds: Math.round((now - this.#openedAt) / 1000),
        bytesToTenant: this.bytesToTenant,
        bytesToHost: this.bytesToHost,
      });
    return { reason, closeCode };
  }
}

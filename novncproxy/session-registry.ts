/**
 * All sessions of this proxy, and the few timers that serve them all: the sweep of deadlines, the
 * question for kills, the writing of counters.
 */
import type { ClosedReason } from "../common/closed-reason.ts";
import type { Clock } from "../common/clock.ts";
import type { SessionCounters } from "../db/database.ts";
import type { ProxyMetrics } from "./metrics.ts";
import type { CarriedSession } from "./session-record.ts";
import type { SessionRows } from "./session-rows.ts";

const SWEEP_MILLISECONDS = 1000;
const KILL_POLL_MILLISECONDS = 500;

export class SessionRegistry {
  readonly #sessions = new Map<string, CarriedSession>();
  readonly #deps: {
    readonly clock: Clock;
    readonly rows: SessionRows;
    readonly metrics: ProxyMetrics;
    readonly updateMilliseconds: number;
  };
  #timers: NodeJS.Timeout[] = [];
  #onEmpty: (() => void) | undefined;

  /** @param deps `updateMilliseconds` how often counters are written */
  constructor(deps: {
    readonly clock: Clock;
    readonly rows: SessionRows;
    readonly metrics: ProxyMetrics;
    readonly updateMilliseconds: number;
  }) {
    this.#deps = deps;
  }

  get size(): number {
    return this.#sessions.size;
  }

  get(id: string): CarriedSession | undefined {
    return this.#sessions.get(id);
  }

  add(session: CarriedSession): void {
    this.#sessions.set(session.record.id, session);
  }

  /** The session's last socket is gone. */
  readonly remove = (session: CarriedSession): void => {
    this.#count(session);
    this.#sessions.delete(session.record.id);
    if (this.#sessions.size === 0) this.#onEmpty?.();
  };

  /** Starts the timers; `stop` ends them. */
  start(): void {
    const { updateMilliseconds } = this.#deps;
    this.#timers = [
      setInterval(() => this.sweep(), SWEEP_MILLISECONDS),
      setInterval(() => void this.pollKills(), KILL_POLL_MILLISECONDS),
      setInterval(() => void this.flush(), updateMilliseconds),
    ];
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
  }

  /** Looks at every deadline of every session. */
  sweep(): void {
    const now = this.#deps.clock.now();
    for (const session of this.#sessions.values()) session.sweep(now);
  }

  /** Ends what somebody wants ended. */
  async pollKills(): Promise<void> {
    if (this.#sessions.size === 0) return;
    for (const { id, reason } of await this.#deps.rows.killRequests())
      this.#sessions.get(id)?.close(reason);
  }

  /** Says that this proxy lives, and writes what changed. */
  async flush(): Promise<void> {
    const { rows } = this.#deps;
    const changed = new Map<string, SessionCounters>();
    for (const session of this.#sessions.values()) {
      const { record } = session;
      if (!record.dirty || record.isOver) continue;
      record.dirty = false;
      this.#count(session);
      changed.set(record.id, record.counters);
    }
    await Promise.all([rows.retry(), this.#touch(changed), this.#beat()]);
  }

  async #touch(changed: ReadonlyMap<string, SessionCounters>): Promise<void> {
    if (await this.#deps.rows.touch(changed)) return;
    for (const id of changed.keys()) {
      const session = this.#sessions.get(id);
      if (session) session.record.dirty = true;
    }
  }

  /** A session whose row was closed when this proxy counted as dead is beyond the reach of kills. */
  async #beat(): Promise<void> {
    for (const id of await this.#deps.rows.beat(() => this.#sessions.keys()))
      this.#sessions.get(id)?.close("proxy_shutdown");
  }

  /**
   * Ends all sessions and waits for their sockets to go.
   * @param deadlineMilliseconds after which they are cut
   */
  async closeAll(reason: ClosedReason, deadlineMilliseconds: number): Promise<void> {
    const empty = new Promise<void>((resolve) => (this.#onEmpty = resolve));
    if (this.#sessions.size === 0) return;
    for (const session of this.#sessions.values()) session.close(reason);
    const timer = setTimeout(() => {
      for (const session of this.#sessions.values()) session.cut();
    }, deadlineMilliseconds);
    await empty;
    clearTimeout(timer);
  }

  #count(session: CarriedSession): void {
    const { bytes } = this.#deps.metrics;
    const { toTenant, toHost } = session.record.takeUncounted();
    bytes.inc({ direction: "to_tenant" }, toTenant);
    bytes.inc({ direction: "to_host" }, toHost);
  }
}

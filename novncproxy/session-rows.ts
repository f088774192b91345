/**
 * Keeps the rows of this proxy's sessions: says that the proxy lives, writes counters now and then,
 * writes every end, asks for kills. A database that fails for a while never ends a session; an end that
 * could not be written is tried again for as long as the process lives, in bounded memory.
 */
import type { ClosedReason } from "../common/closed-reason.ts";
import { messageOf } from "../common/errors.ts";
import type { Logger } from "../common/log.ts";
import type { ConsoleSessionRepository, SessionCounters, SessionEnd } from "../db/database.ts";
import type { ProxyMetrics } from "./metrics.ts";

/** Ends kept with their reason and counters; of more only the database's own row is left. */
const MAX_WAITING = 10_000;
/** Ends written by one statement. */
const MOST_AT_ONCE = 500;
const NOTHING = { lastInputAt: null, bytesToTenant: 0, bytesToHost: 0 };

export class SessionRows {
  readonly #sessions: ConsoleSessionRepository;
  readonly #host: string;
  readonly #log: Logger;
  readonly #metrics: ProxyMetrics;
  readonly #maxWaiting: number;
  /** Ends being written or to be written again, by session. */
  readonly #unwritten = new Map<string, SessionEnd>();
  /** Ends of one turn of the loop, as in a drain, are written together. */
  #gathering: NodeJS.Immediate | undefined;
  #writing: Promise<void> | undefined;
  #beating: Promise<ReadonlySet<string>> | undefined;
  /** Rows may differ from what is carried: this proxy was given up, ends were dropped, an opening went unanswered. */
  #doubtful = false;
  /** Rows that nobody carried when they were read last. */
  #suspects: ReadonlySet<string> = new Set();
  #polling = false;
  #silenced = new Set<string>();

  /** @param host name of this proxy in the rows, [DEFAULT]host */
  constructor(deps: {
    readonly sessions: ConsoleSessionRepository;
    readonly host: string;
    readonly log: Logger;
    readonly metrics: ProxyMetrics;
    readonly maxWaiting?: number;
  }) {
    this.#sessions = deps.sessions;
    this.#host = deps.host;
    this.#log = deps.log;
    this.#metrics = deps.metrics;
    this.#maxWaiting = deps.maxWaiting ?? MAX_WAITING;
  }

  /** Writes a session's end soon; returns at once. @param reason a ClosedReason or an error code */
  close(id: string, reason: string, counters: SessionCounters): void {
    if (this.#unwritten.size >= this.#maxWaiting) {
      this.#doubtful = true;
      return;
    }
    this.#unwritten.set(id, { id, reason, counters });
    this.#gathering ??= setImmediate(() => void this.retry());
  }

  /** Writes every end that is not written, the oldest first, until the first failure. */
  retry(): Promise<void> {
    clearImmediate(this.#gathering);
    this.#gathering = undefined;
    this.#writing ??= this.#writeEnds().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  /** Writes counters of running sessions. @returns false when that failed */
  async touch(counters: ReadonlyMap<string, SessionCounters>): Promise<boolean> {
    if (counters.size === 0) return true;
    const written = await this.#guard("touch", async () => {
      await this.#sessions.touch(counters);
      return true;
    });
    return written ?? false;
  }

  /** There may be a row that nobody carries: the next beats look for it. */
  doubt(): void {
    this.#doubtful = true;
  }

  /**
   * Says that this proxy lives. When it had been given up meanwhile, or had to forget ends, its rows and
   * what it carries are made the same again.
   * @param carried sessions of this process, asked for when they are needed
   * @returns sessions that the database counts as closed and nobody can end any more: end them
   */
  beat(carried: () => Iterable<string>): Promise<ReadonlySet<string>> {
    this.#beating ??= this.#beat(carried).finally(() => {
      this.#beating = undefined;
    });
    return this.#beating;
  }

  /** @returns sessions that somebody wants ended; none while a former question is unanswered */
  async killRequests(): Promise<readonly { readonly id: string; readonly reason: ClosedReason }[]> {
    if (this.#polling) return [];
    this.#polling = true;
    try {
      const found = await this.#guard("kill_requests", () =>
        this.#sessions.killRequests(this.#host),
      );
      return found ?? [];
    } finally {
      this.#polling = false;
    }
  }

  /** Waits for writes under way, and writes what is left. */
  async settle(): Promise<void> {
    await this.#writing;
    await this.retry();
  }

  async #beat(carried: () => Iterable<string>): Promise<ReadonlySet<string>> {
    const known = await this.#guard("beat", () => this.#sessions.beat(this.#host));
    if (known === false) {
      this.#doubtful = true;
      this.#log.warn("this proxy was silent for so long that its sessions were given up");
    }
    if (!this.#doubtful || known === undefined) return new Set();
    /* Before the rows are read: whoever is carried by now has a row that was committed. */
    const mine = new Set(carried());
    this.#doubtful = false; /* may be set again while the rows are read */
    const rows = await this.#guard("list", () =>
      this.#sessions.listActive({ proxyHost: this.#host }),
    );
    if (rows) this.#suspects = new Set(this.#closeForgotten(rows, mine));
    if (!rows || this.#suspects.size > 0) this.#doubtful = true;
    if (!rows) return new Set();
    for (const row of rows) mine.delete(row.id);
    return mine;
  }

  /**
   * Closes rows that nobody carries and nobody carried the last time either: their ends were dropped.
   * @returns those seen for the first time, which may be of sessions that are just being opened
   */
  #closeForgotten(rows: readonly { readonly id: string }[], carried: Set<string>): string[] {
    const nobodys = rows.map(({ id }) => id).filter((id) => !carried.has(id));
    const lost = nobodys.filter((id) => !this.#unwritten.has(id));
    for (const id of lost.filter((one) => this.#suspects.has(one)))
      this.close(id, "network_reset", NOTHING);
    return lost.filter((id) => !this.#suspects.has(id));
  }

  async #writeEnds(): Promise<void> {
    while (this.#unwritten.size > 0) {
      const batch = [...this.#unwritten.values()].slice(0, MOST_AT_ONCE);
      const written = await this.#guard("close", async () => {
        await this.#sessions.closeAll(batch);
        return true;
      });
      if (!written) return;
      for (const end of batch) this.#unwritten.delete(end.id);
    }
  }

  /** Logs the first failure of a row of failures, and the recovery. */
  async #guard<T>(operation: string, call: () => Promise<T>): Promise<T | undefined> {
    try {
      const result = await call();
      if (this.#silenced.delete(operation))
        this.#log.info("the database answers again", { operation });
      return result;
    } catch (error) {
      this.#metrics.databaseFailures.inc({ operation });
      if (!this.#silenced.has(operation))
        this.#log.error("the database does not answer", { operation, error: messageOf(error) });
      this.#silenced.add(operation);
      return undefined;
    }
  }
}

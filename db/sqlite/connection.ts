/**
 * One open SQLite file: durable settings, prepared statements kept for the next time, values converted.
 *
 * Calls are synchronous and return at once: where another process holds the write lock they throw
 * "busy", and {@link whileBusy} waits outside, so that the event loop never sleeps inside SQLite.
 */
import { setTimeout as delay } from "node:timers/promises";
import { TemporaryFailure } from "../../common/errors.ts";
import type { SqliteDatabase, SqliteDriver, SqliteStatement } from "./driver.ts";

export interface SqliteAnswer {
  readonly rows: Record<string, unknown>[];
  /** Rows inserted, updated or deleted; for a statement that returns rows, their number. */
  readonly count: number;
  readonly lastInsertId: number;
}
interface Prepared {
  readonly statement: SqliteStatement;
  readonly returnsRows: boolean;
}
type SqliteValue = null | number | bigint | string | Uint8Array;

/** How long a statement waits for another process's transaction, as PRAGMA busy_timeout would. */
export const BUSY_TIMEOUT_MILLISECONDS = 5000;
const SETTINGS = [
  "busy_timeout = 0" /* the waiting is ours, see whileBusy */,
  "journal_mode = WAL",
  "synchronous = FULL",
  "foreign_keys = ON",
  "trusted_schema = OFF",
];
const STATEMENTS_KEPT = 200;
const SQLITE_BUSY = 5;
const RETURNS_ROWS = /^\s*(select|with|pragma|values|explain)\b|\breturning\b/i;

export class SqliteConnection {
  readonly #database: SqliteDatabase;
  readonly #prepared = new Map<string, Prepared>();

  /** @param path absolute path of the file, or `:memory:` */
  constructor(driver: SqliteDriver, path: string) {
    this.#database = new driver.DatabaseSync(path);
    try {
      for (const setting of SETTINGS) this.#database.exec(`PRAGMA ${setting}`);
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  run(sql: string, values: readonly unknown[]): SqliteAnswer {
    const { statement, returnsRows } = this.#prepare(sql);
    const bound = values.map(toSqlite);
    if (returnsRows) {
      const rows = statement.all(...bound) as Record<string, unknown>[];
      return { rows, count: rows.length, lastInsertId: 0 };
    }
    const { changes, lastInsertRowid } = statement.run(...bound);
    return { rows: [], count: Number(changes), lastInsertId: Number(lastInsertRowid) };
  }

  /**
   * What a commit waits for: `full` for the disk, `normal` for the operating system.
   *
   * FACT(sqlite.org/pragma.html): this pragma acts while it is compiled, so it cannot be a statement
   * that is kept.
   */
  setSynchronous(level: "full" | "normal"): void {
    this.#database.exec(`PRAGMA synchronous = ${level}`);
  }

  close(): void {
    this.#prepared.clear();
    this.#database.close();
  }

  #prepare(sql: string): Prepared {
    const known = this.#prepared.get(sql);
    if (known) return known;
    const prepared = {
      statement: this.#database.prepare(sql),
      returnsRows: RETURNS_ROWS.test(sql),
    };
    if (this.#prepared.size >= STATEMENTS_KEPT) {
      const oldest = this.#prepared.keys().next();
      if (!oldest.done) this.#prepared.delete(oldest.value);
    }
    this.#prepared.set(sql, prepared);
    return prepared;
  }
}

/**
 * Calls until it is not refused as busy any more, with growing pauses.
 * @throws {TemporaryFailure} when another process held the lock for the whole busy timeout
 */
export async function whileBusy<T>(
  call: () => T,
  timeoutMilliseconds = BUSY_TIMEOUT_MILLISECONDS,
): Promise<T> {
  try {
    return call();
  } catch (error) {
    if (!isBusy(error)) throw error;
  }
  const deadline = performance.now() + timeoutMilliseconds;
  for (let pause = 1; ; pause = Math.min(pause * 2, 25)) {
    await delay(pause);
    try {
      return call();
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (performance.now() > deadline)
        throw new TemporaryFailure("the database is busy, please try again", { cause: error });
    }
  }
}

function isBusy(error: unknown): boolean {
  const code = (error as { errcode?: unknown } | null)?.errcode;
  return typeof code === "number" && (code & 0xff) === SQLITE_BUSY;
}

function toSqlite(value: unknown): SqliteValue {
  if (value === undefined || value === null) return null;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (value instanceof Date) return value.getTime();
  return value as SqliteValue;
}

/**
 * What the repositories run on: knex for statements that are put together at run time, and a short
 * path for the fixed ones (prepared once, no builder in between), which every session takes.
 *
 * Anything that happens inside `transaction` must use the `run` it is given: SQLite has one connection,
 * and a second one waits for the first.
 */
import type { Knex } from "knex";
import type { Client as PgClient } from "pg";
import type { Clock } from "../common/clock.ts";
import type { Row } from "./columns.ts";
import { SqliteConnection, whileBusy } from "./sqlite/connection.ts";
import { explainUnavailable, isUnanswered } from "./unavailable.ts";

/** Text and place holders of a fixed statement, in the dialect's own form. */
export interface Statement {
  readonly sql: string;
  /** Name under which PostgreSQL keeps its plan. */
  readonly name: string;
}
export interface Answer {
  readonly rows: Row[];
  /** Rows inserted, updated or deleted. */
  readonly count: number;
}
/**
 * `synced`: on the disk before the call resolves. `lazy`: survives the death of every process, but a
 * power cut may take the last moments with it; for rows that mean nothing after one, as the sessions
 * of the proxy that lost its power. PostgreSQL always syncs.
 */
export type Durability = "synced" | "lazy";
export type Run = (statement: Statement, values: readonly unknown[]) => Promise<Answer>;
type Connection = (SqliteConnection | PgClient) & { __knex__disposed?: unknown };

const ATTEMPTS = 5;
/** FACT(PostgreSQL manual, section 13.5): serialization_failure, deadlock_detected; try again. */
const RETRY_CODES: readonly unknown[] = ["40001", "40P01"];

export class Engine {
  readonly dialect: "sqlite" | "postgresql";
  readonly knex: Knex;
  readonly clock: Clock;
  #statements = 0;
  readonly #control: Readonly<Record<"begin" | "commit" | "rollback", Statement>>;

  constructor(dialect: "sqlite" | "postgresql", knex: Knex, clock: Clock) {
    this.dialect = dialect;
    this.knex = knex;
    this.clock = clock;
    this.#control = {
      begin: this.statement(dialect === "sqlite" ? "begin immediate" : "begin"),
      commit: this.statement("commit"),
      rollback: this.statement("rollback"),
    };
  }

  /** @param sql with a `?` for each value and no other question mark */
  statement(sql: string): Statement {
    this.#statements += 1;
    let position = 0;
    const native = this.dialect === "sqlite" ? sql : sql.replace(/\?/g, () => `$${++position}`);
    return { sql: native, name: `baremetal_console_${this.#statements}` };
  }

  /** Runs a statement that knex put together. @returns its rows */
  async build(builder: Knex.QueryBuilder): Promise<Row[]> {
    return this.#connected(async (connection) => (await builder.connection(connection)) as Row[]);
  }

  close(): Promise<void> {
    return this.knex.destroy();
  }

  /** Runs one statement on its own. */
  run(
    statement: Statement,
    values: readonly unknown[],
    durability: Durability = "synced",
  ): Promise<Answer> {
    return retried(() =>
      this.#connected((connection) =>
        withDurability(connection, durability, () => execute(connection, statement, values)),
      ),
    );
  }

  /** Runs `work` in one transaction; what it throws rolls back. May run `work` again after a deadlock. */
  transaction<T>(work: (run: Run) => Promise<T>, durability: Durability = "synced"): Promise<T> {
    return retried(() =>
      this.#connected((connection) =>
        withDurability(connection, durability, () => this.#transact(connection, work)),
      ),
    );
  }

  async #transact<T>(connection: Connection, work: (run: Run) => Promise<T>): Promise<T> {
    await execute(connection, this.#control.begin, []);
    try {
      const result = await work((statement, values) => execute(connection, statement, values));
      await execute(connection, this.#control.commit, []);
      return result;
    } catch (error) {
      if (isUnanswered(error)) throw error; /* nor would a rollback be */
      await execute(connection, this.#control.rollback, []).catch((reason: unknown) => {
        connection.__knex__disposed = reason; /* the pool throws it away */
      });
      throw error;
    }
  }

  async #connected<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const { client } = this.knex as unknown as { client: Knex.Client };
    try {
      const connection = (await client.acquireConnection()) as Connection;
      try {
        return await work(connection);
      } catch (error) {
        /* the pool throws it away: an answer may still come, to the wrong question */
        if (isUnanswered(error)) connection.__knex__disposed = error;
        throw error;
      } finally {
        await client.releaseConnection(connection);
      }
    } catch (error) {
      throw explainUnavailable(error);
    }
  }
}

async function execute(
  connection: Connection,
  statement: Statement,
  values: readonly unknown[],
): Promise<Answer> {
  if (connection instanceof SqliteConnection)
    return whileBusy(() => connection.run(statement.sql, values));
  const { rows, rowCount } = await connection.query<Row>({
    text: statement.sql,
    name: statement.name,
    values: values as unknown[],
  });
  return { rows, count: rowCount ?? 0 };
}

async function withDurability<T>(
  connection: Connection,
  durability: Durability,
  work: () => Promise<T>,
): Promise<T> {
  if (durability === "synced" || !(connection instanceof SqliteConnection)) return work();
  connection.setSynchronous("normal");
  try {
    return await work();
  } finally {
    connection.setSynchronous("full");
  }
}

async function retried<T>(attempt: () => Promise<T>): Promise<T> {
  for (let attemptsLeft = ATTEMPTS - 1; ; attemptsLeft--) {
    try {
      return await attempt();
    } catch (error) {
      const { code } = error as { code?: unknown };
      if (attemptsLeft === 0 || !RETRY_CODES.includes(code)) throw error;
    }
  }
}

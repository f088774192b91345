/**
 * knex on the SQLite of this process. Differs from knex's own dialect in the driver, in kept
 * statements, and in `BEGIN IMMEDIATE`: with a plain BEGIN, a read followed by a write fails as
 * "database is locked" whenever another process wrote in between, and no waiting helps.
 */
import type { Knex } from "knex";
import BetterSqlite3Client from "knex/lib/dialects/better-sqlite3/index.js";
import SqliteTransaction from "knex/lib/dialects/sqlite3/execution/sqlite-transaction.js";
import { SqliteConnection, whileBusy } from "./connection.ts";
import { loadSqliteDriver, type SqliteDriver } from "./driver.ts";

interface QueryObject {
  readonly sql: string;
  readonly bindings?: readonly unknown[];
  response?: unknown;
  context?: { readonly lastID: number; readonly changes: number };
}

class ImmediateTransaction extends SqliteTransaction {
  override begin(connection: unknown): Promise<unknown> {
    return this.query(connection, "BEGIN IMMEDIATE;");
  }
}

export class SqliteKnexClient extends BetterSqlite3Client {
  _driver(): SqliteDriver {
    return loadSqliteDriver();
  }

  override acquireRawConnection(): Promise<SqliteConnection> {
    const { filename } = this.connectionSettings as { filename: string };
    return whileBusy(() => new SqliteConnection(this.driver as SqliteDriver, filename));
  }

  override async destroyRawConnection(connection: SqliteConnection): Promise<void> {
    connection.close();
  }

  override transaction(
    container: unknown,
    config: unknown,
    outerTransaction: unknown,
  ): Knex.Transaction {
    const Transaction = ImmediateTransaction as unknown as new (
      ...parts: unknown[]
    ) => Knex.Transaction;
    return new Transaction(this, container, config, outerTransaction);
  }

  async _query(connection: SqliteConnection, query: QueryObject): Promise<QueryObject> {
    const answer = await whileBusy(() => connection.run(query.sql, query.bindings ?? []));
    query.response = answer.rows;
    query.context = { lastID: answer.lastInsertId, changes: answer.count };
    return query;
  }
}

/** The two files of knex that our SQLite client extends; knex ships no types for them. */
declare module "knex/lib/dialects/better-sqlite3/index.js" {
  import { Knex } from "knex";
  export default class BetterSqlite3Client extends Knex.Client {}
}
declare module "knex/lib/dialects/sqlite3/execution/sqlite-transaction.js" {
  export default class SqliteTransaction {
    isolationLevel: string | undefined;
    query(connection: unknown, sql: string): Promise<unknown>;
    begin(connection: unknown): Promise<unknown>;
  }
}

/** Opens the connections, whatever the schema in them: for `openDatabase` and for upgrades. */
import { closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import createKnex, { type Knex } from "knex";
import type { Client as PgClient } from "pg";
import type { Clock } from "../common/clock.ts";
import { StartupError, messageOf } from "../common/errors.ts";
import type { Logger } from "../common/log.ts";
import {
  type ConnectionTarget,
  describeConnection,
  parseConnectionString,
} from "./connection-string.ts";
import { Engine } from "./engine.ts";
import { SqliteKnexClient } from "./sqlite/knex-client.ts";

export interface DatabaseOptions {
  /** `[database]connection`. */
  readonly connection: string;
  /** `[database]max_pool_size`, connections to PostgreSQL. */
  readonly maxPoolSize: number;
  readonly log: Logger;
  readonly clock: Clock;
}

const ACQUIRE_TIMEOUT_MILLISECONDS = 10_000;
const KEEP_ALIVE_MILLISECONDS = 10_000;
/**
 * Milliseconds: what the server allows itself, then what we wait for its answer. Without the second a
 * connection that vanished without a word holds its caller for the quarter of an hour of TCP.
 */
const STATEMENT_LIMITS = { statement_timeout: 10_000, query_timeout: 15_000 };
/** FACT(PostgreSQL, catalog/pg_type.dat): type 20 is int8, which pg gives as text. */
const INT8 = 20;
const BOUNDED_INT8 = (text: string): number => Number.parseInt(text, 10);

/**
 * @param forUpgrade makes a missing SQLite file and its folder, for the owner's eyes alone, and lets
 * statements take as long as they need
 * @throws {StartupError} when the database cannot be reached
 */
export async function openEngine(options: DatabaseOptions, forUpgrade: boolean): Promise<Engine> {
  const target = parseConnectionString(options.connection);
  if (target.dialect === "sqlite" && !target.inMemory) prepareFile(target.path, forUpgrade);
  const knex = createKnex(
    target.dialect === "sqlite"
      ? sqliteConfig(target, options)
      : postgresqlConfig(target, options, forUpgrade ? {} : STATEMENT_LIMITS),
  );
  try {
    await knex.raw("select 1");
  } catch (cause) {
    await knex.destroy();
    throw new StartupError(
      `could not open the database ${describeConnection(target)}: ${messageOf(cause) || "no answer"}`,
      { cause },
    );
  }
  return new Engine(target.dialect, knex, options.clock);
}

function prepareFile(path: string, mayCreate: boolean): void {
  if (existsSync(path)) return;
  if (!mayCreate)
    throw new StartupError(
      `there is no database file ${path}, run "baremetal-console db upgrade" to make it`,
    );
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    closeSync(openSync(path, "a", 0o600));
  } catch (cause) {
    throw new StartupError(`could not make the database file ${path}: ${messageOf(cause)}`, {
      cause,
    });
  }
}

function sqliteConfig(
  target: ConnectionTarget & { dialect: "sqlite" },
  options: DatabaseOptions,
): Knex.Config {
  return {
    client: SqliteKnexClient,
    connection: { filename: target.path },
    useNullAsDefault: true,
    pool: { min: 1, max: 1 },
    acquireConnectionTimeout: ACQUIRE_TIMEOUT_MILLISECONDS,
    log: knexLog(options.log),
  };
}

function postgresqlConfig(
  target: ConnectionTarget & { dialect: "postgresql" },
  options: DatabaseOptions,
  limits: Partial<typeof STATEMENT_LIMITS>,
): Knex.Config {
  return {
    client: "pg",
    connection: {
      connectionString: target.url,
      connectionTimeoutMillis: ACQUIRE_TIMEOUT_MILLISECONDS,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_MILLISECONDS,
      ...limits,
      application_name: "baremetal-console",
    },
    pool: {
      min: 0,
      max: options.maxPoolSize,
      afterCreate: (connection: PgClient, done: (error: unknown, made: PgClient) => void) => {
        connection.setTypeParser(INT8, BOUNDED_INT8);
        done(null, connection);
      },
    },
    acquireConnectionTimeout: ACQUIRE_TIMEOUT_MILLISECONDS,
    log: knexLog(options.log),
  };
}

/** knex's own remarks, which it would print to the console. */
function knexLog(log: Logger): Knex.Logger {
  const say = (level: "debug" | "warn" | "error") => (message: unknown) => {
    log.log(level, "database client", { detail: String(message) });
  };
  return { debug: say("debug"), warn: say("warn"), error: say("error"), deprecate: say("debug") };
}

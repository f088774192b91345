/** Empty, migrated databases for tests; whatever a test opens here is closed and deleted after it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { type Clock, systemClock } from "../../common/clock.ts";
import { silentLogger } from "../../common/log.ts";
import { openDatabase } from "../../db/connect.ts";
import type { Database } from "../../db/database.ts";
import { upgradeDatabase } from "../../db/migrate.ts";
import type { DatabaseOptions } from "../../db/open-engine.ts";
import { INSTALL_HINT, postgresOrSkip, postgresPrograms } from "./postgres.ts";

type CleanUp = () => unknown;

/** What `before` hooks opened lives until the run ends, what tests and `beforeEach` hooks did until the test ends. */
class OpenThings {
  readonly #ofRun: CleanUp[] = [];
  readonly #ofTest: CleanUp[] = [];
  #inTest = false;

  push(cleanUp: CleanUp): void {
    (this.#inTest ? this.#ofTest : this.#ofRun).push(cleanUp);
  }

  startTest(): void {
    this.#inTest = true;
  }

  async endTest(): Promise<void> {
    this.#inTest = false;
    await runAll(this.#ofTest);
  }

  endRun(): Promise<void> {
    return runAll(this.#ofRun);
  }
}

async function runAll(cleanUps: CleanUp[]): Promise<void> {
  for (let cleanUp = cleanUps.pop(); cleanUp; cleanUp = cleanUps.pop()) await cleanUp();
}

const openThings = new OpenThings();
beforeEach("note the start of a test", () => openThings.startTest());
afterEach("close the databases of the test", () => openThings.endTest());
after("close the databases of the run", () => openThings.endRun());

export function databaseOptions(connection: string, clock: Clock = systemClock): DatabaseOptions {
  return { connection, maxPoolSize: 8, log: silentLogger(), clock };
}

/** A new SQLite database in memory. */
export async function freshDatabase(clock: Clock = systemClock): Promise<Database> {
  return closedAfterTest(await openDatabase(databaseOptions("sqlite://:memory:", clock)));
}

/** A connection string to a path in a new temporary folder; nothing is there yet. */
export function unusedSqliteConnection(): string {
  const folder = mkdtempSync(join(tmpdir(), "bmc-database-"));
  openThings.push(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return `sqlite://${join(folder, "state", "test.sqlite")}`;
}

/** The same, with all tables: for tests that open it themselves, or from several processes. */
export async function freshConnection(): Promise<string> {
  const connection = unusedSqliteConnection();
  await upgradeDatabase(databaseOptions(connection));
  return connection;
}

/** Has the database closed after the test. */
export function closedAfterTest(database: Database): Database {
  openThings.push(() => database.close());
  return database;
}

export interface DatabaseKind {
  readonly dialect: Database["dialect"];
  /** An empty place, without tables. */
  unused(): Promise<string>;
}

type Suite = (fresh: (clock?: Clock) => Promise<Database>, kind: DatabaseKind) => void;

/** Runs the same suite on a SQLite file and on a real PostgreSQL server. */
export function describeOnEveryDatabase(title: string, suite: Suite): void {
  describe(`${title} on SQLite`, () => {
    const kind: DatabaseKind = {
      dialect: "sqlite",
      unused: () => Promise.resolve(unusedSqliteConnection()),
    };
    suite(opener(kind), kind);
  });
  describeOnPostgres(title, suite);
}

/** Where PostgreSQL is not installed the suite stays pending and says so; on CI it fails. */
export function describeOnPostgres(title: string, suite: Suite): void {
  const missing = postgresPrograms() === undefined && process.env["CI"] !== "true";
  const describeIt = missing ? describe.skip : describe;
  describeIt(`${title} on PostgreSQL${missing ? ` (${INSTALL_HINT})` : ""}`, () => {
    let server = "";
    before("start PostgreSQL", async function () {
      server = await postgresOrSkip(this);
    });
    const kind: DatabaseKind = { dialect: "postgresql", unused: () => newSchema(server) };
    suite(opener(kind), kind);
  });
}

function opener(kind: DatabaseKind): (clock?: Clock) => Promise<Database> {
  return async (clock = systemClock) => {
    const options = databaseOptions(await kind.unused(), clock);
    await upgradeDatabase(options);
    return closedAfterTest(await openDatabase(options));
  };
}

/** Each test has a schema of its own in the server's one database. */
async function newSchema(server: string): Promise<string> {
  const client = new Client(server);
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      "select 'test_' || replace(gen_random_uuid()::text, '-', '') as name",
    );
    const name = rows[0]?.name ?? "";
    await client.query(`create schema ${name}`);
    openThings.push(() => dropSchema(server, name));
    return `${server}&options=${encodeURIComponent(`-c search_path=${name}`)}`;
  } finally {
    await client.end();
  }
}

async function dropSchema(server: string, name: string): Promise<void> {
  const client = new Client(server);
  await client.connect();
  try {
    await client.query("set client_min_messages = warning");
    await client.query(`drop schema ${name} cascade`);
  } finally {
    await client.end();
  }
}

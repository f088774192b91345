/**
 * Brings a database to this program's schema, forward only, all or nothing. Processes that upgrade at
 * the same moment wait for each other, and the later ones find nothing left to do.
 */
import { StartupError } from "../common/errors.ts";
import type { Engine } from "./engine.ts";
import { schemaTypes } from "./migrations/migration.ts";
import { MIGRATIONS, SCHEMA_VERSION } from "./migrations/table.ts";
import { type DatabaseOptions, openEngine } from "./open-engine.ts";
import { readSchemaVersion, writeSchemaVersion } from "./schema-version.ts";

/** Any number, the same in every version of this program: the upgrade's advisory lock. */
const UPGRADE_LOCK = 7_236_090;

/**
 * Creates the SQLite file when there is none.
 * @returns the versions before and after
 * @throws {StartupError} when the database cannot be reached or is newer than this program
 */
export async function upgradeDatabase(
  options: DatabaseOptions,
): Promise<{ readonly from: number; readonly to: number }> {
  const engine = await openEngine(options, true);
  try {
    const change = await upgradeSchema(engine);
    if (change.from !== change.to) options.log.info("database upgraded", change);
    return change;
  } finally {
    await engine.close();
  }
}

/** @returns the database's version, and the one this program needs; changes nothing */
export async function databaseVersion(
  options: DatabaseOptions,
): Promise<{ readonly database: number; readonly program: number }> {
  const engine = await openEngine(options, false);
  try {
    return { database: await readSchemaVersion(engine.knex), program: SCHEMA_VERSION };
  } finally {
    await engine.close();
  }
}

/** The upgrade itself, on open connections. */
export async function upgradeSchema(
  engine: Engine,
): Promise<{ readonly from: number; readonly to: number }> {
  return engine.knex.transaction(async (transaction) => {
    if (engine.dialect === "postgresql")
      await transaction.raw("select pg_advisory_xact_lock(?)", [UPGRADE_LOCK]);
    const from = await readSchemaVersion(transaction);
    if (from > SCHEMA_VERSION) throw newerSchema(from);
    const types = schemaTypes(engine.dialect);
    for (const migration of MIGRATIONS.slice(from)) await migration.up(transaction, types);
    if (from < SCHEMA_VERSION)
      await writeSchemaVersion(transaction, SCHEMA_VERSION, engine.clock.now());
    return { from, to: SCHEMA_VERSION };
  });
}

/** @throws {StartupError} that says what to run, unless the schema is this program's */
export async function checkSchema(engine: Engine): Promise<void> {
  const version = await readSchemaVersion(engine.knex);
  if (version > SCHEMA_VERSION) throw newerSchema(version);
  if (version === SCHEMA_VERSION) return;
  const state =
    version === 0
      ? "the database has no tables yet"
      : `the database has schema version ${version}, this program needs ${SCHEMA_VERSION}`;
  throw new StartupError(`${state}, run "baremetal-console db upgrade"`);
}

function newerSchema(version: number): StartupError {
  return new StartupError(
    `the database has schema version ${version}, this program knows up to ${SCHEMA_VERSION}: ` +
      `install the newer release that ran "baremetal-console db upgrade"`,
  );
}

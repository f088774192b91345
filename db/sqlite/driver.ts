/**
 * Picks the SQLite of this process: Node's own where it is recent enough, else the same API from an
 * npm package with the binary inside. Both are synchronous.
 */
import { createRequire } from "node:module";
import type * as NodeSqlite from "node:sqlite";

export type SqliteDatabase = NodeSqlite.DatabaseSync;
export type SqliteStatement = NodeSqlite.StatementSync;
export interface SqliteDriver {
  readonly name: "node:sqlite" | "@photostructure/sqlite";
  readonly DatabaseSync: typeof NodeSqlite.DatabaseSync;
}

/**
 * FACT(sqlite.org/wal.html section 11): before 3.51.3 several processes on one file could corrupt it
 * when one resets the write-ahead log at the wrong moment.
 */
const OLDEST_SAFE_SQLITE = [3, 51, 3] as const;

export function loadSqliteDriver(runtime: NodeJS.Process = process): SqliteDriver {
  if (isSafe(runtime.versions["sqlite"])) {
    const { DatabaseSync } = withoutExperimentalWarning(runtime, () =>
      runtime.getBuiltinModule("node:sqlite"),
    );
    return { name: "node:sqlite", DatabaseSync };
  }
  const require = createRequire(import.meta.url);
  const { DatabaseSync } = require("@photostructure/sqlite") as typeof NodeSqlite;
  return { name: "@photostructure/sqlite", DatabaseSync };
}

function isSafe(version: string | undefined): boolean {
  if (version === undefined) return false;
  const parts = version.split(".").map(Number);
  for (const [index, wanted] of OLDEST_SAFE_SQLITE.entries()) {
    const part = parts[index] ?? 0;
    if (part !== wanted) return part > wanted;
  }
  return true;
}

/** Node 22 and 24 print "SQLite is an experimental feature" at load, which tells an operator nothing. */
function withoutExperimentalWarning<T>(runtime: NodeJS.Process, load: () => T): T {
  const own = Object.getOwnPropertyDescriptor(runtime, "emitWarning");
  runtime.emitWarning = () => undefined;
  try {
    return load();
  } finally {
    if (own) Object.defineProperty(runtime, "emitWarning", own);
  }
}

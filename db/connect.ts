/** Opens the database for a service: connections, a check of the schema, the repositories on top. */
import { ConductorTable } from "./conductors.ts";
import { ConsoleAuthTokenTable } from "./console-auth-tokens.ts";
import { ConsoleLineTable } from "./console-lines.ts";
import { CloseHookTable } from "./close-hooks.ts";
import { ConsoleSessionTable } from "./console-sessions.ts";
import type { Database } from "./database.ts";
import type { Engine } from "./engine.ts";
import { checkSchema, upgradeSchema } from "./migrate.ts";
import { ImageTable } from "./images.ts";
import { NodeMediaTable } from "./node-media.ts";
import { NodeSensorsTable } from "./node-sensors.ts";
import { NodeTable } from "./nodes.ts";
import { type DatabaseOptions, openEngine } from "./open-engine.ts";
import { parseConnectionString } from "./connection-string.ts";

/**
 * One process opens it once: every further opening of a SQLite file waits for the first one's writes.
 * A database in memory is new, so it gets its tables here.
 * @throws {StartupError} when it cannot be reached, or its schema is older or newer than this program's
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const target = parseConnectionString(options.connection);
  const engine = await openEngine(options, false);
  try {
    if (target.dialect === "sqlite" && target.inMemory) await upgradeSchema(engine);
    else await checkSchema(engine);
  } catch (error) {
    await engine.close();
    throw error;
  }
  return repositories(engine);
}

function repositories(engine: Engine): Database {
  const trivial = engine.statement("select 1");
  return {
    dialect: engine.dialect,
    nodes: new NodeTable(engine),
    tokens: new ConsoleAuthTokenTable(engine),
    sessions: new ConsoleSessionTable(engine),
    conductors: new ConductorTable(engine),
    lines: new ConsoleLineTable(engine),
    hooks: new CloseHookTable(engine),
    telemetry: new NodeSensorsTable(engine),
    images: new ImageTable(engine),
    media: new NodeMediaTable(engine),
    async ping() {
      await engine.run(trivial, []);
    },
    close: () => engine.close(),
  };
}

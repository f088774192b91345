/** Conductors as real processes over one database, and an api's client to them. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../common/clock.ts";
import { loadConfig } from "../../common/config/load.ts";
import { Releasers } from "../../common/lifecycle.ts";
import { silentLogger } from "../../common/log.ts";
import type { RequestContext } from "../../common/request-context.ts";
import { SecretBox } from "../../common/secret-box.ts";
import { connectConductors, type ConductorApi } from "../../conductor/rpcapi.ts";
import { openDatabase } from "../../db/connect.ts";
import type { Database } from "../../db/database.ts";
import { upgradeDatabase } from "../../db/migrate.ts";
import { databaseOptions } from "../helpers/database.ts";
import { ServerProcess } from "../helpers/server-process.ts";

export const CONTEXT: RequestContext = {
  requestId: "req-11111111-2222-3333-4444-555555555555",
  userId: "alice-id",
  userName: "alice",
  projectId: null,
  roles: ["admin"],
  isAdmin: true,
};

const CHILD = join(dirname(fileURLToPath(import.meta.url)), "conductor-child.js");

export class ConductorProcesses {
  readonly database: Database;
  readonly api: ConductorApi;
  readonly #options: Readonly<Record<string, string>>;
  readonly #keyFile: string;
  readonly #releasers: Releasers;

  private constructor(parts: {
    database: Database;
    api: ConductorApi;
    options: Readonly<Record<string, string>>;
    keyFile: string;
    releasers: Releasers;
  }) {
    this.database = parts.database;
    this.api = parts.api;
    this.#options = parts.options;
    this.#keyFile = parts.keyFile;
    this.#releasers = parts.releasers;
  }

  /** @param connection of an unused place; it gets its tables here */
  static async create(
    connection: string,
    more: Readonly<Record<string, string>> = {},
  ): Promise<ConductorProcesses> {
    const releasers = new Releasers();
    const folder = mkdtempSync(join(tmpdir(), "bmc-conductors-"));
    releasers.push("folder", () => rmSync(folder, { recursive: true, force: true }));
    const keyFile = join(folder, "secret.key");
    writeFileSync(keyFile, SecretBox.newKeyFileText());
    await upgradeDatabase(databaseOptions(connection));
    const database = await openDatabase(databaseOptions(connection));
    releasers.push("database", () => database.close());
    const options = {
      "DEFAULT.state_path": folder,
      "DEFAULT.enabled_hardware_types": "manual-management",
      "DEFAULT.enabled_console_interfaces": "vnc,no-console",
      "DEFAULT.graceful_shutdown_timeout": "0",
      "database.connection": connection,
      "json_rpc.port": "0",
      "conductor.node_locked_retry_attempts": "0",
      ...more,
    };
    const api = connectConductors({
      config: loadConfig({ overrides: options }),
      database,
      clock: systemClock,
      log: silentLogger(),
    });
    releasers.push("client", () => api.stop());
    return new ConductorProcesses({ database, api, options, keyFile, releasers });
  }

  /** Resolves when it serves. */
  async start(host: string): Promise<ServerProcess> {
    const options = JSON.stringify({ ...this.#options, "DEFAULT.host": host });
    const child = new ServerProcess(process.execPath, [CHILD, options, this.#keyFile]);
    this.#releasers.push(`conductor ${host}`, () => child.stop());
    await child.waitFor("ready", () => child.output.includes("ready\n"), 20);
    return child;
  }

  async stop(): Promise<void> {
    await this.#releasers.stop();
  }
}

/** Ends a process as a crash would: no handler of its runs. */
export async function killHard(server: ServerProcess): Promise<void> {
  const gone = once(server.child, "exit");
  server.child.kill("SIGKILL");
  await gone;
}

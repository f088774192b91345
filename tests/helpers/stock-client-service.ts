/**
 * The real service for stock clients, in this process: api, conductor and drivers on an empty database,
 * without a proxy.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startApi } from "../../api/main.ts";
import { systemClock } from "../../common/clock.ts";
import { loadConfig } from "../../common/config/load.ts";
import { Releasers } from "../../common/lifecycle.ts";
import { silentLogger } from "../../common/log.ts";
import { SecretBox } from "../../common/secret-box.ts";
import { startConductor } from "../../conductor/main.ts";
import type { Database } from "../../db/database.ts";
import { freshDatabase } from "./database.ts";
import { StockClient, type StockClientOptions } from "./stock-client.ts";

export const HOST = "conductor-1";
export const CONSOLE_BASE = "http://127.0.0.1:6090/vnc_lite.html";

export interface World {
  readonly endpoint: string;
  readonly database: Database;
  client(options?: Partial<StockClientOptions>): StockClient;
  stop(): Promise<void>;
}

/**
 * @param options more configuration by `group.name`
 * @param prepare puts files into the state folder before anything starts
 */
export async function startWorld(
  options: Record<string, string> = {},
  prepare: (folder: string) => void = () => {},
): Promise<World> {
  const releasers = new Releasers();
  try {
    return await start(options, prepare, releasers);
  } catch (error) {
    await releasers.stop();
    throw error;
  }
}

async function start(
  options: Record<string, string>,
  prepare: (folder: string) => void,
  releasers: Releasers,
): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), "bmc-stock-"));
  releasers.push("folder", () => rmSync(folder, { recursive: true, force: true }));
  prepare(folder);
  const config = loadConfig({
    overrides: {
      "DEFAULT.state_path": folder,
      "DEFAULT.host": HOST,
      "DEFAULT.enabled_hardware_types": "fake-hardware,manual-management",
      "DEFAULT.enabled_console_interfaces": "vnc,fake,no-console",
      "api.port": "0",
      ...options,
    },
  });
  const deps = { config, log: silentLogger(), clock: systemClock };
  const database = await freshDatabase();
  const conductor = await startConductor({
    ...deps,
    database,
    secretBox: new SecretBox(SecretBox.newKeyFileText()),
    consoleBaseUrl: CONSOLE_BASE,
    listen: false,
  });
  releasers.push("conductor", () => conductor.stop());
  const api = await startApi({ ...deps, database, conductor: conductor.api });
  releasers.push("api", () => api.stop());
  return {
    endpoint: api.url,
    database,
    client: (more) => {
      const client = new StockClient({ endpoint: api.url, ...more });
      releasers.push("client", () => client.remove());
      return client;
    },
    stop: () => releasers.stop(),
  };
}

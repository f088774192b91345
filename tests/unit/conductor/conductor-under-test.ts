/** A conductor over a real, empty database and scripted drivers; everything is stopped after the test. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock, type Clock } from "../../../common/clock.ts";
import { loadConfig } from "../../../common/config/load.ts";
import type { Config } from "../../../common/config/options.ts";
import { silentLogger, type Logger } from "../../../common/log.ts";
import type { Node, NodeChanges } from "../../../common/node.ts";
import type { RequestContext } from "../../../common/request-context.ts";
import { SecretBox } from "../../../common/secret-box.ts";
import { createConductor, type RunningConductor } from "../../../conductor/conductor.ts";
import type { DriverCatalogue } from "../../../conductor/driver-catalogue.ts";
import type { Database } from "../../../db/database.ts";
import { freshDatabase } from "../../helpers/database.ts";
import { scriptedDrivers, type ScriptedDrivers } from "./scripted-drivers.ts";
import { until } from "./until.ts";

export const CONTEXT: RequestContext = {
  requestId: "req-11111111-2222-3333-4444-555555555555",
  userId: "alice-id",
  userName: "alice",
  projectId: "project-a",
  roles: ["admin"],
  isAdmin: true,
};

const TEST_OPTIONS: Readonly<Record<string, string>> = {
  "DEFAULT.host": "conductor-1",
  "DEFAULT.enabled_hardware_types": "scripted",
  "DEFAULT.enabled_console_interfaces": "scripted,no-console",
  "DEFAULT.enabled_power_interfaces": "scripted",
  "DEFAULT.enabled_management_interfaces": "scripted",
  "DEFAULT.graceful_shutdown_timeout": "0",
  "conductor.node_locked_retry_attempts": "0",
  "json_rpc.port": "0",
};

export interface WorldOptions {
  readonly database?: Database;
  readonly clock?: Clock;
  readonly drivers?: ScriptedDrivers;
  readonly secretBox?: SecretBox;
  readonly log?: Logger;
}

export interface StartOptions {
  readonly listen?: boolean;
  readonly catalogue?: DriverCatalogue;
  readonly configFile?: string;
  /** Times below the options' bounds, in seconds. */
  readonly impatience?: Partial<Config["conductor"]>;
}

/** What several conductors of one test share. */
export class ConductorWorld {
  readonly database: Database;
  readonly clock: Clock;
  readonly drivers: ScriptedDrivers;
  readonly secretBox: SecretBox;
  readonly folder = mkdtempSync(join(tmpdir(), "bmc-conductor-"));
  readonly #log: Logger;
  readonly #running = new Set<RunningConductor>();

  private constructor(database: Database, options: WorldOptions) {
    this.database = database;
    this.clock = options.clock ?? systemClock;
    this.drivers = options.drivers ?? scriptedDrivers();
    this.secretBox = options.secretBox ?? new SecretBox(SecretBox.newKeyFileText());
    this.#log = options.log ?? silentLogger();
  }

  static async create(options: WorldOptions = {}): Promise<ConductorWorld> {
    const database = options.database ?? (await freshDatabase(options.clock));
    return new ConductorWorld(database, options);
  }

  config(overrides: Readonly<Record<string, string>> = {}): Config {
    const state = { "DEFAULT.state_path": this.folder };
    return loadConfig({ overrides: { ...TEST_OPTIONS, ...state, ...overrides } });
  }

  async start(
    overrides: Readonly<Record<string, string>> = {},
    options: StartOptions = {},
  ): Promise<RunningConductor> {
    const config = this.config(overrides);
    const conductor = await createConductor({
      config: { ...config, conductor: { ...config.conductor, ...options.impatience } },
      log: this.#log,
      clock: this.clock,
      database: this.database,
      secretBox: this.secretBox,
      catalogue: options.catalogue ?? this.drivers.catalogue,
      configFile: options.configFile,
      consoleBaseUrl: "http://127.0.0.1:6090/vnc_lite.html",
      listen: options.listen ?? false,
    });
    this.#running.add(conductor);
    return conductor;
  }

  /** A node with a valid driver_info. */
  async node(conductor: RunningConductor, more: NodeChanges = {}): Promise<Node> {
    const driverInfo = { scripted_address: "bmc1", scripted_password: "opensesame" };
    return await conductor.api.createNode(CONTEXT, { driver: "scripted", driverInfo, ...more });
  }

  /** Resolves with the row when the console change that was asked for has ended. */
  async settled(uuid: string): Promise<Node> {
    return await until("the node is unlocked", async () => {
      const node = await this.database.nodes.get(uuid);
      return node.reservation === null && node;
    });
  }

  /** A node whose console is on. */
  async consoleOn(conductor: RunningConductor, more: NodeChanges = {}): Promise<Node> {
    const { uuid } = await this.node(conductor, more);
    await conductor.api.setConsoleMode(CONTEXT, uuid, true);
    return await this.settled(uuid);
  }

  async stop(): Promise<void> {
    for (const conductor of this.#running) await conductor.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

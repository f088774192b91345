/**
 * One conductor, put together: its verbs, its jobs, its order of starting and stopping. Wiring only; what
 * a verb or job does is in the file of its name.
 */
import type { Clock } from "../common/clock.ts";
import type { Config } from "../common/config/options.ts";
import { Releasers } from "../common/lifecycle.ts";
import type { Logger } from "../common/log.ts";
import type { SecretBox } from "../common/secret-box.ts";
import type { Database } from "../db/database.ts";
import { createBootDevice } from "./boot-device.ts";
import { createCloseHooks } from "./close-hooks.ts";
import { ConsoleControl } from "./console-control.ts";
import { createConsoleHealth } from "./console-health.ts";
import { createConsoleInformation } from "./console-information.ts";
import { createConsoleLogToken } from "./console-log-token.ts";
import { createConsoleMode } from "./console-mode.ts";
import { createConsoleRecipe } from "./console-recipe.ts";
import { consoleBaseUrl } from "./console-url.ts";
import type { DriverCatalogue } from "./driver-catalogue.ts";
import { createDriverFactory } from "./driver-factory.ts";
import { DriverInfoSecrets } from "./driver-info-secrets.ts";
import { MediaControl } from "./media-control.ts";
import { createMediaSweep } from "./media-sweep.ts";
import { joinConductors, type Membership } from "./membership.ts";
import { MemoStore } from "./memo-store.ts";
import { createNodeLifecycle } from "./node-lifecycle.ts";
import { createNodeUpdate } from "./node-update.ts";
import { Periodics, type PeriodicJob } from "./periodics.ts";
import { createPower } from "./power.ts";
import { createPowerSync } from "./power-sync.ts";
import { createProvision } from "./provision.ts";
import { createConsoleRestorer, type ConsoleRestorer } from "./restore-consoles.ts";
import { startRpcServer } from "./rpc-server.ts";
import type { ConductorApi } from "./rpcapi.ts";
import { createSensorCollection } from "./sensor-collection.ts";
import { createSessionRetention } from "./session-retention.ts";
import type { ConductorService, TaskDeps } from "./service.ts";
import { createSilentProxies } from "./silent-proxies.ts";
import { createTakeOver } from "./take-over.ts";
import { TaskManager } from "./task-manager.ts";
import { Telemetry } from "./telemetry.ts";
import { createVirtualMedia } from "./virtual-media.ts";
import { createValidate } from "./validate.ts";
import { WorkerPool } from "./worker-pool.ts";

const HOUR_SECONDS = 3600;

export interface ConductorOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly clock: Clock;
  readonly database: Database;
  readonly secretBox: SecretBox;
  readonly catalogue: DriverCatalogue;
  /** Base of console URLs instead of [vnc]public_url; `all` knows the proxy's real port. */
  readonly consoleBaseUrl?: string | undefined;
  /** Third parties' driver packages are resolved from its folder. */
  readonly configFile?: string | undefined;
  /** True serves json-rpc to other processes. */
  readonly listen: boolean;
}

export interface RunningConductor {
  /** The verbs, called directly. */
  readonly api: ConductorApi;
  /** Empty when it does not listen. */
  readonly rpcUrl: string;
  readonly periodics: Periodics;
  /** Resolves when the consoles that should be on were looked at once. */
  readonly restored: Promise<void>;
  /**
   * Takes no new work, waits graceful_shutdown_timeout for the old, ends it, withdraws. Consoles stay on
   * the machines; the next start looks at them.
   */
  readonly stop: () => Promise<void>;
}

/**
 * @throws {DriverLoadError} {@link ConductorAlreadyRegistered} {@link ConfigInvalid} {@link StartupError}
 */
export async function createConductor(options: ConductorOptions): Promise<RunningConductor> {
  const service = await createService(options);
  const control = new ConsoleControl(service);
  const mode = createConsoleMode(service, control);
  const media = new MediaControl(service);
  const telemetry = new Telemetry(service);
  const restorer = createConsoleRestorer(service, control, (task) => mode.carryOn(task));
  const api = attended(service.pool, {
    ...createNodeLifecycle(service, control, media),
    ...createNodeUpdate(service, control, media),
    setConsoleMode: mode.setConsoleMode,
    ...createConsoleInformation(service),
    ...createConsoleLogToken(service),
    ...createConsoleRecipe(service),
    ...createPower(service),
    ...createProvision(service, control, media),
    ...createBootDevice(service),
    ...createVirtualMedia(service, media),
    ...telemetry.verbs(),
    ...createValidate(service),
  });

  const releasers = new Releasers();
  releasers.push("what drivers run by themselves", () => closeDrivers(service));
  try {
    const rpcUrl = await serveRpc(options, api, releasers);
    const membership = await joinConductors(service, rpcUrl);
    releasers.push("the conductor's registration", () => membership.leave());
    const heartbeat = startPeriodics([heartbeatJob(service, membership)], service);
    releasers.push("the heartbeat", () => heartbeat.stop());
    const remains = await service.tasks.releaseForgotten();
    const restored = restoreOwnConsoles(service, restorer, remains);
    const periodics = startPeriodics(
      [
        ...jobs(service, control, restorer),
        sensorJob(service, telemetry),
        mediaJob(service, media),
      ],
      service,
    );
    releasers.push("work in progress", () => endWork(service, periodics, restored));
    service.log.info("conductor started", { host: service.host, rpcUrl });
    return { api, rpcUrl, periodics, restored, stop: () => releasers.stop() };
  } catch (error) {
    await releasers.stop();
    throw error;
  }
}

async function createService(options: ConductorOptions): Promise<ConductorService> {
  const { config, clock, database, secretBox } = options;
  const { host } = config.DEFAULT;
  const log = options.log.child({ service: "conductor", host });
  const drivers = await createDriverFactory({ ...options, log });
  const deps: TaskDeps = {
    config,
    log,
    database,
    secretBox,
    drivers,
    secrets: new DriverInfoSecrets(secretBox, (option) => drivers.isSecretOption(option)),
    memos: new MemoStore(database),
    pool: new WorkerPool(config.conductor.workers_pool_size, log),
  };
  return {
    ...deps,
    clock,
    host,
    tasks: new TaskManager(deps, host),
    group: config.conductor.conductor_group.toLowerCase(),
    consoleBaseUrl: options.consoleBaseUrl ?? consoleBaseUrl(config),
  };
}

async function serveRpc(
  options: ConductorOptions,
  api: ConductorApi,
  releasers: Releasers,
): Promise<string> {
  if (!options.listen) return "";
  const rpc = await startRpcServer({ config: options.config, log: options.log, api });
  releasers.push("the conductor's RPC", () => rpc.stop());
  return rpc.url;
}

/** Every verb counts as work that stop waits for; none begins afterwards. */
function attended(pool: WorkerPool, api: ConductorApi): ConductorApi {
  const verbs = Object.entries(api) as [string, (...given: unknown[]) => Promise<unknown>][];
  const wrapped = verbs.map(([name, verb]) => [
    name,
    (...given: unknown[]) => pool.attend(name, () => verb(...given)),
  ]);
  return Object.fromEntries(wrapped) as ConductorApi;
}

/** The job table: name, spacing, function. */
function jobs(
  service: ConductorService,
  control: ConsoleControl,
  restorer: ConsoleRestorer,
): PeriodicJob[] {
  const { conductor, vnc } = service.config;
  const silentProxies = createSilentProxies(service);
  const closeHooks = createCloseHooks(service);
  const job = (name: string, spacingSeconds: number, run: () => Promise<unknown>): PeriodicJob => ({
    name,
    spacingSeconds,
    run,
  });
  return [
    job("expire console tokens", vnc.expire_console_session_interval, () =>
      service.database.tokens.cleanExpired(),
    ),
    job("close sessions of dead proxies", silentProxies.spacingSeconds, silentProxies.run),
    job("tell of ended sessions", closeHooks.spacingSeconds, closeHooks.run),
    job("delete old sessions", HOUR_SECONDS, createSessionRetention(service)),
    job("take over", conductor.heartbeat_interval, createTakeOver(service, restorer)),
    job(
      "check consoles",
      conductor.console_health_interval,
      createConsoleHealth(service, control, restorer),
    ),
    job("sync power states", conductor.sync_power_state_interval, createPowerSync(service)),
  ];
}

/** A round may be put off by a tenth of the spacing, so that conductors do not ask all machines at once. */
function sensorJob(service: ConductorService, telemetry: Telemetry): PeriodicJob {
  const { send_sensor_data: wanted, interval } = service.config.sensor_data;
  return {
    name: "collect sensors",
    spacingSeconds: wanted ? interval : 0,
    jitterSeconds: interval / 10,
    run: createSensorCollection(service, telemetry),
  };
}

function mediaJob(service: ConductorService, media: MediaControl): PeriodicJob {
  return {
    name: "eject virtual media",
    spacingSeconds: service.config.image.sweep_interval,
    run: createMediaSweep(service, media),
  };
}

/** Apart from the other jobs, because it goes on while stop waits for work. */
function heartbeatJob(service: ConductorService, membership: Membership): PeriodicJob {
  return {
    name: "heartbeat",
    spacingSeconds: service.config.conductor.heartbeat_interval,
    run: () => membership.heartbeat(),
  };
}

function startPeriodics(table: readonly PeriodicJob[], service: ConductorService): Periodics {
  const periodics = new Periodics(table, service.log);
  periodics.start();
  return periodics;
}

/** @param remains nodes whose locks a run that died had left in our name */
async function restoreOwnConsoles(
  service: ConductorService,
  restorer: ConsoleRestorer,
  remains: readonly string[],
): Promise<void> {
  if (remains.length > 0)
    service.log.warn("released locks of a run that ended without a word", { nodes: remains });
  try {
    await restorer.settleForgotten();
    const nodes = await restorer.enabledNodes();
    const own = nodes.filter((node) => [null, service.host].includes(node.conductorAffinity));
    await restorer.restore(own);
  } catch (error) {
    service.log.error("could not restore consoles", { error });
  }
}

async function closeDrivers({ drivers, log }: ConductorService): Promise<void> {
  for (const closed of await drivers.close())
    if (closed.status === "rejected")
      log.error("a driver could not end what it runs", { error: closed.reason as unknown });
}

async function endWork(
  service: ConductorService,
  periodics: Periodics,
  restored: Promise<void>,
): Promise<void> {
  const lastRuns = periodics.stop();
  await service.pool.stop(service.config.DEFAULT.graceful_shutdown_timeout);
  await lastRuns;
  await restored;
}

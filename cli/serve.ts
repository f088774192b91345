/**
 * Runs the services: configuration, log, data folder, keys, database, then the parts, and the way back
 * when a signal comes. The one file of the command line that knows the services.
 */
import { join, resolve } from "node:path";
import { loadConfig, type ConfigSources } from "../common/config/load.ts";
import type { Config } from "../common/config/options.ts";
import { ImageTokens } from "../common/image-token.ts";
import { AlreadyInUse, ConfigInvalid, messageOf } from "../common/errors.ts";
import { Releasers } from "../common/lifecycle.ts";
import { createLogger, type Logger } from "../common/log.ts";
import { takeProcessLock } from "../common/process-lock.ts";
import type { Database } from "../db/database.ts";
import { printLine, type CliIo } from "./cli-io.ts";
import type { Demo } from "./demo/demo.ts";
import { endOfLifeWarning } from "./node-release.ts";
import { sourcesOf, type ConfigFlags } from "./settings.ts";
import { untilSignal } from "./signals.ts";
import { openSecretBox, prepareStateFolder } from "./state-folder.ts";

export type ServiceName = "all" | "api" | "conductor" | "novncproxy";

interface Run {
  readonly io: CliIo;
  readonly config: Config;
  /** Third parties' drivers are installed beside it. */
  readonly configFile: string | undefined;
  readonly log: Logger;
  readonly releasers: Releasers;
}

const DEFAULT_SHUTDOWN_MARGIN_MS = 15_000;

/**
 * Runs a service until SIGTERM or SIGINT, then stops it gracefully.
 * @throws {StartupError} when it cannot start; everything begun is undone then
 */
export async function serve(
  io: CliIo,
  service: ServiceName,
  flags: ConfigFlags,
  options: { readonly demo: boolean },
): Promise<void> {
  const sources = options.demo ? demoSources(io, flags) : sourcesOf(io.env, flags);
  const config = loadConfig(sources);
  if (options.demo && config.DEFAULT.auth_strategy !== "noauth")
    throw new ConfigInvalid(["--demo works with [DEFAULT]auth_strategy = noauth only"]);
  process.umask(0o077);
  const run = {
    io,
    config,
    configFile: sources.file === undefined ? undefined : resolve(sources.file),
    log: loggerOf(config),
    releasers: new Releasers(),
  };
  const warning = endOfLifeWarning(process.versions.node, io.clock.now());
  if (warning) run.log.warn(warning);
  const signal = untilSignal(run.log, () => reload(run.log, sources));
  const starting = service === "all" ? startAll(run, options.demo) : startOne(run, service);
  const presenting = starting.then((present) => present());
  try {
    await Promise.race([presenting, signal]);
    await signal;
  } finally {
    await stop(run, starting);
    await presenting.catch(() => undefined);
  }
  run.log.info("stopped");
}

/** `db upgrade`. Makes the key file of a new SQLite set-up too, since the database is then there. */
export async function upgrade(
  io: CliIo,
  flags: ConfigFlags,
): Promise<{ readonly from: number; readonly to: number }> {
  const config = loadConfig(sourcesOf(io.env, flags));
  process.umask(0o077);
  const log = loggerOf(config);
  if (config.database.connection.startsWith("sqlite:")) {
    prepareStateFolder(config.DEFAULT.state_path, log);
    openSecretBox(config, log, true);
  }
  const { upgradeDatabase } = await import("../db/migrate.ts");
  return upgradeDatabase(databaseOptions(io, config, log));
}

/** `db version`. */
export async function version(
  io: CliIo,
  flags: ConfigFlags,
): Promise<{ readonly database: number; readonly program: number }> {
  const config = loadConfig(sourcesOf(io.env, flags));
  const { databaseVersion } = await import("../db/migrate.ts");
  return databaseVersion(databaseOptions(io, config, loggerOf(config)));
}

/** @returns what to do once everything runs */
async function startAll(run: Run, withDemo: boolean): Promise<() => Promise<void>> {
  const { io, config, log, releasers } = run;
  const { clock } = io;
  prepareStateFolder(config.DEFAULT.state_path, log);
  releasers.push("the lock file", takeFolder(config.DEFAULT.state_path));
  const secretBox = openSecretBox(config, log, true);
  const { upgradeDatabase } = await import("../db/migrate.ts");
  await upgradeDatabase(databaseOptions(io, config, log));
  const database = await open(run);
  const demo = withDemo ? await startDemo(run) : undefined;

  const { startNoVNCProxy } = await import("../novncproxy/main.ts");
  let apiUrl: string | undefined;
  const proxy = await startNoVNCProxy({
    config,
    log,
    clock,
    database,
    secretBox,
    /* one that asks for no password judges none */
    ...(config.DEFAULT.auth_strategy === "noauth" ? {} : { ownApiUrl: () => apiUrl }),
  });
  const stopProxy = once(() => proxy.stop());
  releasers.push("novncproxy", stopProxy);
  const { startConductor } = await import("../conductor/main.ts");
  const conductor = await startConductor({
    config,
    log,
    clock,
    database,
    secretBox,
    configFile: run.configFile,
    listen: false,
    ...(config.vnc.public_url === "" ? { consoleBaseUrl: proxy.url } : {}),
  });
  releasers.push("conductor", () => conductor.stop());
  /* Sessions hear that the proxy stops before the conductor touches their consoles. */
  releasers.push("novncproxy", stopProxy);
  const { startApi } = await import("../api/main.ts");
  const imageTokens = ImageTokens.from(secretBox);
  const api = await startApi({
    config,
    log,
    clock,
    database,
    conductor: conductor.api,
    imageTokens,
  });
  releasers.push("api", () => api.stop());
  apiUrl = api.url;
  log.info("started", { api: api.url, novncproxy: proxy.url, data: config.DEFAULT.state_path });
  return async () => demo?.present(api.url);
}

async function startOne(
  run: Run,
  service: Exclude<ServiceName, "all">,
): Promise<() => Promise<void>> {
  const { io, config, log, releasers } = run;
  const { clock } = io;
  if (service !== "novncproxy" && config.DEFAULT.rpc_transport === "none")
    throw new ConfigInvalid([
      `[DEFAULT]rpc_transport none is for "baremetal-console all"; ${service} alone needs json-rpc`,
    ]);
  if (config.database.connection.startsWith("sqlite:"))
    prepareStateFolder(config.DEFAULT.state_path, log);
  if (service === "api") {
    const database = await open(run);
    const { connectConductors } = await import("../conductor/rpcapi.ts");
    const conductor = connectConductors({ config, database, clock, log });
    releasers.push("the connections to conductors", () => conductor.stop());
    const { startApi } = await import("../api/main.ts");
    /* Nothing else of the api's needs the keys. */
    const imageTokens =
      config.image.public_url === ""
        ? undefined
        : ImageTokens.from(openSecretBox(config, log, false));
    const api = await startApi({
      config,
      log,
      clock,
      database,
      conductor,
      ...(imageTokens && { imageTokens }),
    });
    releasers.push("api", () => api.stop());
    return nothingMore;
  }
  const secretBox = openSecretBox(config, log, true);
  const database = await open(run);
  if (service === "conductor") {
    const { startConductor } = await import("../conductor/main.ts");
    const deps = {
      config,
      log,
      clock,
      database,
      secretBox,
      configFile: run.configFile,
      listen: true,
    };
    const conductor = await startConductor(deps);
    releasers.push("conductor", () => conductor.stop());
    return nothingMore;
  }
  const { startNoVNCProxy } = await import("../novncproxy/main.ts");
  const proxy = await startNoVNCProxy({ config, log, clock, database, secretBox });
  releasers.push("novncproxy", () => proxy.stop());
  return nothingMore;
}

/** Keeps a second `all` off the same data folder. @throws {AlreadyInUse} */
function takeFolder(folder: string): () => void {
  const lock = takeProcessLock(
    join(folder, "all.lock"),
    (pid) =>
      new AlreadyInUse(
        `another baremetal-console (process ${pid}) uses the data folder "${folder}"; ` +
          "stop it, or give this one a --data-dir of its own",
      ),
  );
  lock.confirm();
  return () => lock.release();
}

const nothingMore = (): Promise<void> => Promise.resolve();

async function startDemo(run: Run): Promise<Demo> {
  const { openDemo } = await import("./demo/demo.ts");
  const demo = await openDemo({
    statePath: run.config.DEFAULT.state_path,
    clock: run.io.clock,
    print: (line) => printLine(run.io.stdout, line),
  });
  run.releasers.push("the simulated BMC", () => demo.stop());
  return demo;
}

async function open(run: Run): Promise<Database> {
  const { openDatabase } = await import("../db/connect.ts");
  const database = await openDatabase(databaseOptions(run.io, run.config, run.log));
  run.releasers.push("database", () => database.close());
  return database;
}

/** Undoes what was started, even half of it, and never waits for ever. */
async function stop(run: Run, starting: Promise<unknown>): Promise<void> {
  const graceMs = run.config.DEFAULT.graceful_shutdown_timeout * 1000;
  const deadline = setTimeout(() => {
    run.log.error("could not stop in time, ending");
    process.exit(70);
  }, graceMs + DEFAULT_SHUTDOWN_MARGIN_MS);
  try {
    await starting.catch(() => undefined);
    await run.releasers.stop();
  } catch (error) {
    const causes = error instanceof AggregateError ? error.errors : [error];
    for (const cause of causes) run.log.error("stopping failed", { error: cause });
  } finally {
    clearTimeout(deadline);
  }
}

/** SIGHUP: applies changed mutable options; a mistake in the file leaves everything as it is. */
function reload(log: Logger, sources: ConfigSources): void {
  try {
    log.level = loadConfig(sources).DEFAULT.log_level;
    log.info("configuration read again", { log_level: log.level });
  } catch (error) {
    log.error(`configuration kept as it was: ${messageOf(error)}`);
  }
}

/** The demo has a data folder of its own, unless one is given. */
function demoSources(io: CliIo, flags: ConfigFlags): ConfigSources {
  const sources = sourcesOf(io.env, flags);
  const given = loadConfig(sources).DEFAULT.state_path;
  const usual = loadConfig({ environment: { XDG_STATE_HOME: io.env["XDG_STATE_HOME"] } }).DEFAULT
    .state_path;
  return given === usual ? sourcesOf(io.env, { ...flags, dataDir: `${usual}-demo` }) : sources;
}

function loggerOf(config: Config): Logger {
  const { log_level: level, log_format, log_file: file } = config.DEFAULT;
  const format = log_format === "json" ? "json" : "text";
  return createLogger({ level, format, ...(file === "" ? {} : { file }) });
}

function databaseOptions(io: CliIo, config: Config, log: Logger) {
  const { connection, max_pool_size: maxPoolSize } = config.database;
  return { connection, maxPoolSize, log, clock: io.clock };
}

function once(work: () => Promise<void>): () => Promise<void> {
  let result: Promise<void> | undefined;
  return () => (result ??= work());
}

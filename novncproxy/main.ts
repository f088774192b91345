/** novncproxy, the service that carries bytes: makes its parts, joins them, and stops them in order. */
import { isIP } from "node:net";
import { join } from "node:path";
import { CaFiles } from "../common/ca-files.ts";
import { systemClock, type Clock } from "../common/clock.ts";
import type { Config } from "../common/config/options.ts";
import { AlreadyInUse, ConfigInvalid } from "../common/errors.ts";
import { BmcSessions } from "../common/host-websocket/bmc-sessions.ts";
import { Releasers } from "../common/lifecycle.ts";
import type { Logger } from "../common/log.ts";
import { isLoopback } from "../common/loopback.ts";
import { Networks } from "../common/networks.ts";
import { packageRoot } from "../common/package-root.ts";
import { takeProcessLock } from "../common/process-lock.ts";
import type { SecretBox } from "../common/secret-box.ts";
import type { Database } from "../db/database.ts";
import { Admission } from "./admission.ts";
import { Company } from "./company.ts";
import { ConsoleLogRoute } from "./console-log/log-route.ts";
import { createRoutes } from "./http-routes.ts";
import { createMetrics, type ProxyMetrics } from "./metrics.ts";
import { OriginRule } from "./origin.ts";
import { loadPages } from "./pages.ts";
import { ReadBuffers } from "./read-buffers.ts";
import { checkFrameAncestors, contentSecurityPolicy } from "./security-headers.ts";
import { LineLogs } from "./console-log/line-logs.ts";
import { createLineLogMetrics } from "./console-log/log-metrics.ts";
import { SerialEntrance } from "./serial/serial-entrance.ts";
import { SerialLines } from "./serial/serial-lines.ts";
import { listen } from "./server.ts";
import type { SessionEnvironment } from "./session.ts";
import { SessionRegistry } from "./session-registry.ts";
import { SessionRows } from "./session-rows.ts";
import { startSshServer } from "./ssh/ssh-server.ts";
import { TurnQueue } from "./turn-queue.ts";
import { UpgradeGate } from "./upgrade.ts";

export interface NoVNCProxy {
  /** Base of console URLs, for example http://127.0.0.1:6090/vnc_lite.html. */
  readonly url: string;
  readonly port: number;
  /** Of the SSH front door; undefined without one. */
  readonly sshPort: number | undefined;
  /** Drains: no new visitors, every session told why, within [DEFAULT]graceful_shutdown_timeout. */
  stop(): Promise<void>;
}

export interface NoVNCProxyDeps {
  readonly config: Config;
  readonly log: Logger;
  readonly clock?: Clock;
  readonly database: Database;
  readonly secretBox: SecretBox;
  /** Folder of the built console page; default dist/web/console of this package. */
  readonly webFolder?: string;
  readonly certificatePollMilliseconds?: number;
  /** Of the api in this process, as soon as it runs; judges passwords at the SSH front door. */
  readonly ownApiUrl?: () => string | undefined;
}

/** Sessions get this long to say goodbye, or less when the configuration says so. */
const LONGEST_GOODBYE_MILLISECONDS = 5_000;

/** @throws {ConfigInvalid} with every mistake of its options; {@link AlreadyInUse} {@link StartupError} */
export async function startNoVNCProxy(deps: NoVNCProxyDeps): Promise<NoVNCProxy> {
  const { config, log, database } = deps;
  const rules = readRules(config);
  const pages = loadPages(
    deps.webFolder ?? join(packageRoot(), "dist", "web", "console"),
    contentSecurityPolicy({
      frameAncestors: config.vnc.frame_ancestors,
      publicUrl: config.vnc.public_url,
    }),
  );
  if (pages.missing.length > 0)
    log.warn("the console page is not built, run npm run build", {
      missing: pages.missing.join(", "),
    });

  const releasers = new Releasers();
  const parts = makeSessionParts(deps);
  const { admission, entrance, lines, logs, registry, rows, metrics } = parts;
  const gate = new UpgradeGate({ ...parts, ...rules, serial: entrance, database, log });
  const checkReady = async (): Promise<void> => {
    admission.checkOpen();
    await database.ping();
  };
  const consoleLog = new ConsoleLogRoute({
    folder: config.console.log_dir,
    logs,
    tokens: database.tokens,
    log,
  });
  const onRequest = createRoutes({ pages, gate, consoleLog, metrics, ...rules, checkReady, log });

  releasers.push("the lock file", takeName(config));
  try {
    /* before the rows are touched: a mistaken second start must not get that far */
    const listener = await listen(listenerOptions(deps), {
      onRequest,
      onUpgrade: (request, socket, head) => void gate.handle(request, socket, head),
    });
    releasers.push("the console logs", () => logs?.close());
    releasers.push("the session rows", () => rows.settle());
    releasers.push("the timers of sessions", () => registry.stop());
    releasers.push("the sessions at BMCs", () => parts.environment.bmcSessions.settle());
    releasers.push("the serial lines", () => lines.stop());
    releasers.push("turns", () => parts.environment.turns.stop());
    releasers.push("the listener", () => listener.stop());
    const ssh = config.ssh.enabled ? await startSshServer({ ...deps, door: entrance }) : undefined;
    releasers.push("the SSH front door", () => ssh?.stop());
    releasers.push("the sessions", () =>
      registry.closeAll("proxy_shutdown", goodbyeMilliseconds(config)),
    );
    releasers.push("new connections", () => {
      admission.drain();
      listener.stopListening();
      ssh?.stopListening();
    });
    await closeCrashed(deps);
    const ownUrl = baseUrl(config, listener.port);
    warnOfClearLogs(config, log);
    await lines.start(new URL(ownUrl).origin);
    admission.open();
    registry.start();
    const url = config.vnc.public_url || ownUrl;
    log.info("novncproxy is ready", { url });
    return {
      url,
      port: listener.port,
      sshPort: ssh?.port,
      stop: () => releasers.stop(),
    };
  } catch (error) {
    await releasers.stop();
    throw error;
  }
}

/** The api fetches console logs here, and no balancer's TLS is between them. */
function warnOfClearLogs({ console: { log: logged }, vnc }: Config, log: Logger): void {
  if (logged && !vnc.enable_ssl && !isLoopback(vnc.host_ip))
    log.warn("console logs travel to the api in the clear, set [vnc]enable_ssl", {
      address: vnc.host_ip,
    });
}

/**
 * Keeps a second proxy of the same name off the first one's rows.
 * @returns gives the name back
 * @throws {AlreadyInUse}
 */
function takeName(config: Config): () => void {
  const { host, state_path: folder } = config.DEFAULT;
  const file = join(folder, `novncproxy-${encodeURIComponent(host)}.lock`);
  const lock = takeProcessLock(
    file,
    (pid) =>
      new AlreadyInUse(
        `a novncproxy of the same name is already running as process ${pid}, says ${file}`,
      ),
  );
  lock.confirm();
  return () => lock.release();
}

async function closeCrashed({ config, database, log }: NoVNCProxyDeps): Promise<void> {
  const crashed = await database.sessions.closeCrashed(config.DEFAULT.host);
  if (crashed > 0)
    log.warn("closed the sessions that a crashed proxy left open", { sessions: crashed });
}

interface SessionParts {
  readonly admission: Admission;
  readonly registry: SessionRegistry;
  readonly rows: SessionRows;
  readonly metrics: ProxyMetrics;
  readonly environment: SessionEnvironment;
  readonly lines: SerialLines;
  readonly logs: LineLogs | undefined;
  readonly entrance: SerialEntrance;
}

function makeSessionParts(deps: NoVNCProxyDeps): SessionParts {
  const { config, log, database } = deps;
  const clock = deps.clock ?? systemClock;
  const metrics: ProxyMetrics = createMetrics(
    () => registry.size,
    () => lines.figures,
  );
  const rows = new SessionRows({
    sessions: database.sessions,
    host: config.DEFAULT.host,
    log,
    metrics,
  });
  const registry = new SessionRegistry({
    clock,
    rows,
    metrics,
    updateMilliseconds: config.vnc.session_update_interval * 1000,
  });
  const company = new Company({
    sessions: database.sessions,
    pollKills: () => registry.pollKills(),
    log,
  });
  const environment = makeEnvironment(deps, clock, metrics, { rows, company });
  const logs = makeLogs(deps, clock, metrics);
  const lines = new SerialLines({
    lines: database.lines,
    host: config.DEFAULT.host,
    environment: {
      ...environment,
      settings: {
        replayLines: config.console.replay_lines,
        replayBytes: config.console.replay_bytes,
        writers: config.console.writers === "one" ? "one" : "many",
        reconnectMilliseconds: config.console.reconnect_interval_max * 1000,
      },
    },
    metrics,
    recorders: logs,
  });
  const options = {
    host: config.DEFAULT.host,
    maxSessions: config.vnc.max_sessions,
    maxSessionsPerNode: config.vnc.max_sessions_per_node,
    maxSessionsPerToken: config.vnc.max_sessions_per_token,
    closeHook: config.close_hook.url !== "",
  };
  const admission = new Admission({ options, sessions: database.sessions, registry, rows });
  const entrance = new SerialEntrance({ admission, lines, registry, environment });
  return { admission, registry, rows, metrics, environment, lines, logs, entrance };
}

function makeEnvironment(
  { config, log, secretBox }: NoVNCProxyDeps,
  clock: Clock,
  metrics: ProxyMetrics,
  { rows, company }: Pick<SessionEnvironment, "rows" | "company">,
): SessionEnvironment {
  return {
    clock,
    log,
    secretBox,
    metrics,
    rows,
    buffers: new ReadBuffers(),
    turns: new TurnQueue(),
    caFiles: new CaFiles(),
    limits: {
      idle: config.vnc.idle_timeout * 1000,
      session: config.vnc.session_timeout * 1000,
      warning: config.vnc.timeout_warning * 1000,
    },
    stepMilliseconds: config.vnc.handshake_timeout * 1000,
    bmcSessions: new BmcSessions(),
    pingMilliseconds: config.vnc.ping_interval * 1000,
    readOnly: config.vnc.read_only,
    company,
  };
}

/** @returns undefined when [console]log is off */
function makeLogs(
  { config, log }: NoVNCProxyDeps,
  clock: Clock,
  metrics: ProxyMetrics,
): LineLogs | undefined {
  const { console: settings } = config;
  if (!settings.log) return undefined;
  return new LineLogs({
    folder: settings.log_dir,
    fileBytes: settings.log_file_size,
    files: settings.log_files,
    log,
    clock,
    metrics: createLineLogMetrics(metrics.registry),
  });
}

/** @throws {ConfigInvalid} */
function readRules(config: Config): {
  readonly origin: OriginRule;
  readonly trustedProxies: Networks;
  readonly metricsAllowed: Networks;
} {
  const { vnc } = config;
  const mistakes: string[] = [];
  checkFrameAncestors(vnc.frame_ancestors, mistakes);
  const rules = {
    origin: new OriginRule(
      {
        allowedOrigins: config.cors.allowed_origin,
        publicUrl: vnc.public_url,
        tls: vnc.enable_ssl,
      },
      mistakes,
    ),
    trustedProxies: new Networks("[vnc]trusted_proxies", vnc.trusted_proxies, mistakes),
    metricsAllowed: new Networks("[vnc]metrics_allowed", vnc.metrics_allowed, mistakes),
  };
  if (vnc.enable_ssl && (vnc.cert_file === "" || vnc.key_file === ""))
    mistakes.push("[vnc]enable_ssl: needs cert_file and key_file");
  if (mistakes.length > 0) throw new ConfigInvalid(mistakes);
  return rules;
}

function listenerOptions(deps: NoVNCProxyDeps): Parameters<typeof listen>[0] {
  const { vnc } = deps.config;
  return {
    host: vnc.host_ip,
    port: vnc.port,
    log: deps.log,
    tls: vnc.enable_ssl
      ? {
          certFile: vnc.cert_file,
          keyFile: vnc.key_file,
          minVersion: vnc.tls_minimum_version === "1.3" ? "TLSv1.3" : "TLSv1.2",
          ciphers: vnc.tls_ciphers,
        }
      : undefined,
    ...(deps.certificatePollMilliseconds !== undefined && {
      certificatePollMilliseconds: deps.certificatePollMilliseconds,
    }),
  };
}

function goodbyeMilliseconds(config: Config): number {
  return Math.min(config.DEFAULT.graceful_shutdown_timeout * 1000, LONGEST_GOODBYE_MILLISECONDS);
}

/** For browsers: an address that listens everywhere is none to go to, so the host's name stands there. */
function baseUrl(config: Config, port: number): string {
  const { host_ip: address, enable_ssl: tls } = config.vnc;
  const everywhere = address === "0.0.0.0" || address === "::" || address === "";
  const name = everywhere ? config.DEFAULT.host : isIP(address) === 6 ? `[${address}]` : address;
  return `${tls ? "https" : "http"}://${name}:${port}/vnc_lite.html`;
}

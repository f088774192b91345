/**
 * What an operator may watch, in a registry of this proxy's own (several services may share a process).
 * Counters are raised where things happen; nothing here runs between two scrapes.
 */
import { Counter, Gauge, Histogram, Registry } from "prom-client";

export interface ProxyMetrics {
  readonly registry: Registry;
  readonly sessionsOpened: Counter<"mode">;
  /** Label: a ClosedReason or an error code. */
  readonly sessionsClosed: Counter<"reason">;
  /** Refused upgrades, by error code. */
  readonly refused: Counter<"code">;
  readonly bytes: Counter<"direction">;
  /** From the accepted upgrade to the first relayed byte, seconds. */
  readonly connectSeconds: Histogram;
  readonly databaseFailures: Counter<"operation">;
  /** Serial lines that were lost or not to be had, by the state they are in since. */
  readonly lineLosses: Counter<"state">;
}

/** What a scrape asks of the serial lines. */
export interface LineFigures {
  readonly states: ReadonlyMap<string, number>;
  readonly viewers: number;
}

/** @param activeSessions asked at every scrape; @param lines the same */
export function createMetrics(
  activeSessions: () => number,
  lines: () => LineFigures = () => ({ states: new Map(), viewers: 0 }),
): ProxyMetrics {
  const registry = new Registry();
  const registers = [registry];
  gauge(registry, "bmcon_novncproxy_sessions", "Sessions open now.", activeSessions);
  lineGauges(registry, lines);
  processGauges(registry);
  return {
    registry,
    sessionsOpened: new Counter({
      name: "bmcon_novncproxy_sessions_opened_total",
      help: "Sessions opened, by mode.",
      labelNames: ["mode"],
      registers,
    }),
    sessionsClosed: new Counter({
      name: "bmcon_novncproxy_sessions_closed_total",
      help: "Sessions ended, by reason.",
      labelNames: ["reason"],
      registers,
    }),
    refused: new Counter({
      name: "bmcon_novncproxy_refused_total",
      help: "WebSocket requests refused before a session, by error code.",
      labelNames: ["code"],
      registers,
    }),
    bytes: new Counter({
      name: "bmcon_novncproxy_bytes_total",
      help: "Bytes of screens and serial lines relayed, by direction (to_tenant, to_host).",
      labelNames: ["direction"],
      registers,
    }),
    connectSeconds: new Histogram({
      name: "bmcon_novncproxy_connect_seconds",
      help: "From the accepted WebSocket to a relaying session.",
      buckets: [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30],
      registers,
    }),
    databaseFailures: new Counter({
      name: "bmcon_novncproxy_database_failures_total",
      help: "Failed database calls of running sessions, by operation.",
      labelNames: ["operation"],
      registers,
    }),
    lineLosses: new Counter({
      name: "bmcon_novncproxy_serial_line_losses_total",
      help: "Serial lines lost or not to be had, by what followed (reconnecting, taken).",
      labelNames: ["state"],
      registers,
    }),
  };
}

function lineGauges(registry: Registry, lines: () => LineFigures): void {
  gauge(
    registry,
    "bmcon_novncproxy_serial_viewers",
    "Viewers attached to serial lines now.",
    () => lines().viewers,
  );
  const states: Gauge<"state"> = new Gauge({
    name: "bmcon_novncproxy_serial_lines",
    help: "Serial lines held now, by state.",
    labelNames: ["state"],
    registers: [registry],
    collect: () => {
      states.reset();
      for (const [state, count] of lines().states) states.set({ state }, count);
    },
  });
}

function processGauges(registry: Registry): void {
  gauge(registry, "process_resident_memory_bytes", "Resident memory of the process.", () =>
    process.memoryUsage.rss(),
  );
  gauge(registry, "process_cpu_seconds_total", "CPU time of the process.", () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  gauge(
    registry,
    "nodejs_eventloop_utilization",
    "Share of its life that the event loop was busy.",
    () => performance.eventLoopUtilization().utilization,
  );
}

function gauge(registry: Registry, name: string, help: string, read: () => number): void {
  const instrument: Gauge = new Gauge({
    name,
    help,
    registers: [registry],
    collect: () => instrument.set(read()),
  });
}

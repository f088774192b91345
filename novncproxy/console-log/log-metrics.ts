/** What an operator may watch of the line logs. */
import { Counter, type Registry } from "prom-client";

export interface LineLogMetrics {
  /** Bytes written to files. */
  readonly written: Counter;
  /** Bytes that machines said and no file has. */
  readonly dropped: Counter;
  /** Failed attempts to write. */
  readonly failures: Counter;
}

export function createLineLogMetrics(registry: Registry): LineLogMetrics {
  const registers = [registry];
  return {
    written: new Counter({
      name: "bmcon_novncproxy_console_log_bytes_total",
      help: "Bytes written to console logs.",
      registers,
    }),
    dropped: new Counter({
      name: "bmcon_novncproxy_console_log_dropped_bytes_total",
      help: "Bytes of machines that are in no console log because the disk did not take them.",
      registers,
    }),
    failures: new Counter({
      name: "bmcon_novncproxy_console_log_failures_total",
      help: "Failed attempts to write console logs.",
      registers,
    }),
  };
}

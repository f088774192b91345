/** Console logs in a temporary folder, with a time that the test owns. */
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger, type Logger } from "../../common/log.ts";
import { LineLogs } from "../../novncproxy/console-log/line-logs.ts";
import type { LineLogMetrics } from "../../novncproxy/console-log/log-metrics.ts";

export const NODE = "1be26c0b-03f2-4d2e-ae87-c02d7f33c123";

export interface LogWorld {
  readonly logs: LineLogs;
  readonly folder: string;
  readonly clock: { milliseconds: number; readonly now: () => number };
  /** Names of a node's files, the oldest first. */
  readonly names: (node?: string) => string[];
  /** What is in all of them. */
  readonly stored: (node?: string) => string;
  readonly stop: () => Promise<void>;
}

export function logWorld(
  options: {
    readonly fileBytes?: number;
    readonly files?: number;
    readonly log?: Logger;
    readonly metrics?: LineLogMetrics;
    readonly startsAt?: string;
    readonly tickMilliseconds?: number;
    readonly folder?: string;
  } = {},
): LogWorld {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), "bmc-logs-"));
  const clock = {
    milliseconds: Date.parse(options.startsAt ?? "2026-11-20T17:12:11.123Z"),
    now: () => clock.milliseconds,
  };
  const logs = new LineLogs({
    folder,
    fileBytes: options.fileBytes ?? 65_536,
    files: options.files ?? 10,
    log: options.log ?? silentLogger(),
    clock,
    tickMilliseconds: options.tickMilliseconds ?? 10,
    ...(options.metrics && { metrics: options.metrics }),
  });
  const names = (node = NODE): string[] => readdirSync(join(folder, node)).sort();
  return {
    logs,
    folder,
    clock,
    names,
    stored: (node = NODE) =>
      names(node)
        .map((name) => readFileSync(join(folder, node, name), "utf8"))
        .join(""),
    stop: async () => {
      await logs.close();
      if (options.folder !== undefined) return;
      chmodSync(folder, 0o700);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

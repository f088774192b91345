/**
 * What a node said on its serial console, from the proxies' log files. Ours, not Ironic's.
 *
 * `GET /v1/nodes/N/console/log[?from=TIME][&to=TIME][&lines=N][&format=text|plain|raw|json]`
 *
 * Times are ISO 8601 or ago (`-15m`); `from` is inside the window, `to` is not; `lines` takes the last
 * ones of it. The console may be off. When a proxy does not answer, the rest is sent, and the header
 * X-Console-Log-Incomplete names who is missing.
 */
import { Readable } from "node:stream";
import type { Clock } from "../../common/clock.ts";
import type { Config } from "../../common/config/options.ts";
import {
  CONSOLE_LOG_FORMATS,
  CONSOLE_LOG_TYPES,
  formatLog,
  type ConsoleLogFormat,
} from "../../common/console-log-format.ts";
import {
  ConsoleServiceError,
  InvalidParameterValue,
  NotFound,
  TemporaryFailure,
} from "../../common/errors.ts";
import type { Logger } from "../../common/log.ts";
import type { ConductorApi } from "../../conductor/rpcapi.ts";
import type { Database } from "../../db/database.ts";
import { mergeLogs } from "../merge-logs.ts";
import { fetchLogs, type LogQuery, type ProxyLogs } from "../proxy-logs.ts";
import type { ApiRequest, ApiResponse, Route } from "../route.ts";
import { parseInteger, parseText, queryArguments } from "./arguments.ts";
import { findNode } from "./identifiers.ts";
import { parseLogTime } from "./log-time.ts";

export interface ConsoleLogDeps {
  readonly config: Config;
  readonly log: Logger;
  readonly clock: Clock;
  readonly database: Database;
  readonly conductor: ConductorApi;
}

const MOST_LINES = 1_000_000;
/** However slowly it is read. */
const LONGEST_MILLISECONDS = 10 * 60_000;
const ENDINGS: Readonly<Record<ConsoleLogFormat, string>> = {
  text: "log",
  plain: "txt",
  raw: "bin",
  json: "jsonl",
};

export function consoleLogRoutes(deps: ConsoleLogDeps): Route[] {
  return [
    {
      method: "GET",
      path: "/v1/nodes/:ident/console/log",
      rule: "baremetal:node:get_console_log",
      handle: (request) => getConsoleLog(deps, request),
    },
  ];
}

async function getConsoleLog(deps: ConsoleLogDeps, request: ApiRequest): Promise<ApiResponse> {
  const wanted = wantedLog(request.query, deps.clock.now());
  const ident = request.params["ident"] ?? "";
  /* ours: names are names in every version */
  const { uuid } = await findNode(deps.database, ident, 82);
  const proxies = await deps.database.lines.listProxyUrls();
  if (proxies.length === 0) throw new TemporaryFailure("no console proxy is running");
  const token = await deps.conductor.authorizeConsoleLog(request.context, uuid);
  const { log, config } = deps;
  const query = { node: uuid, ...wanted.window };
  const caFile = config.console.log_proxy_cafile;
  const logs = await fetchLogs(proxies, query, { token, caFile, log });
  if (logs.parts.length === 0) {
    await logs.close();
    throw nothingFound(uuid, logs.silent);
  }
  return answer(uuid, logs, wanted);
}

function nothingFound(uuid: string, silent: readonly string[]): ConsoleServiceError {
  if (silent.length === 0) return new NotFound(`there is no console log of node ${uuid}`);
  return new TemporaryFailure(
    `the console log of node ${uuid} cannot be read now: no answer from ${silent.join(", ")}`,
  );
}

interface WantedLog {
  readonly format: ConsoleLogFormat;
  readonly window: Omit<LogQuery, "node">;
}

function answer(uuid: string, logs: ProxyLogs, { format, window }: WantedLog): ApiResponse {
  const counted = logs.parts.reduce((sum, part) => sum + part.lines, 0);
  const skip = window.lines === undefined ? 0 : Math.max(0, counted - window.lines);
  const merged = mergeLogs(
    logs.parts.map((part) => part.content),
    skip,
  );
  const content = Readable.from(formatLog(merged, format), { highWaterMark: 1 });
  const deadline = setTimeout(
    () => content.destroy(new TemporaryFailure("the console log was read too slowly")),
    LONGEST_MILLISECONDS,
  );
  content.once("close", () => {
    clearTimeout(deadline);
    void logs.close();
  });
  const headers = {
    "Content-Type": CONSOLE_LOG_TYPES[format],
    "Content-Disposition": `attachment; filename="console-${uuid}.${ENDINGS[format]}"`,
    "Cache-Control": "no-store",
    ...(logs.silent.length > 0 && { "X-Console-Log-Incomplete": namesIn(logs.silent) }),
  };
  return { status: 200, stream: { content, headers } };
}

/** Fit for a header, whatever a host calls itself. */
function namesIn(hosts: readonly string[]): string {
  return hosts.map((host) => host.replaceAll(/[^\w.:[\]-]/g, "?")).join(", ");
}

/** @throws {InvalidParameterValue} */
function wantedLog(query: URLSearchParams, now: number): WantedLog {
  const given = queryArguments(query, ["from", "to", "lines", "format"]);
  const time = (name: string): number | undefined => {
    const value = given.get(name);
    return value === undefined ? undefined : parseLogTime(name, parseText(name, value), now);
  };
  const from = time("from");
  const to = time("to");
  if (from !== undefined && to !== undefined && from >= to)
    throw new InvalidParameterValue("Invalid to: the window ends before it begins");
  const lines = linesIn(given.get("lines"));
  return {
    format: formatIn(given.get("format")),
    window: {
      ...(from !== undefined && { from }),
      ...(to !== undefined && { to }),
      ...(lines !== undefined && { lines }),
    },
  };
}

function linesIn(value: Parameters<typeof parseInteger>[1] | undefined): number | undefined {
  if (value === undefined) return undefined;
  const lines = parseInteger("lines", value, 1);
  if (lines <= MOST_LINES) return lines;
  throw new InvalidParameterValue(`Invalid lines: at most ${MOST_LINES}, got ${lines}`);
}

function formatIn(value: unknown): ConsoleLogFormat {
  if (value === undefined) return "text";
  const format = CONSOLE_LOG_FORMATS.find((one) => one === value);
  if (format) return format;
  throw new InvalidParameterValue(
    `format must be one of ${CONSOLE_LOG_FORMATS.join(", ")}, not ${JSON.stringify(value)}`,
  );
}

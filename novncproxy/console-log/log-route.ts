/**
 * `GET /console-log?node=UUID[&from=MS][&to=MS][&lines=N]`: this proxy's part of a node's console log,
 * records as stored (common/console-log-record.ts), for the api, which asks every proxy. Times are
 * milliseconds since the epoch.
 *
 * The token comes as `Authorization: Bearer`, so that it stands in nobody's access log, and must be one for
 * reading this node's log: a link to the console lets nobody read what the machine said before. Takes
 * no session's place.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { CONSOLE_LOG_TYPES } from "../../common/console-log-format.ts";
import {
  ConsoleServiceError,
  InvalidParameterValue,
  InvalidToken,
  messageOf,
  NotFound,
  TemporaryFailure,
  tenantSentence,
} from "../../common/errors.ts";
import type { Logger } from "../../common/log.ts";
import type { ConsoleAuthTokenRepository } from "../../db/database.ts";
import { BASE_HEADERS } from "../security-headers.ts";
import type { LineLogs } from "./line-logs.ts";
import { readWindow, type LogPart, type LogWindow } from "./log-window.ts";

export const CONSOLE_LOG_PATH = "/console-log";

export interface ConsoleLogRouteParts {
  /** [console]log_dir. */
  readonly folder: string;
  /** Undefined when no logs are written; older ones can be read all the same. */
  readonly logs: Pick<LineLogs, "flush"> | undefined;
  readonly tokens: Pick<ConsoleAuthTokenRepository, "validate">;
  readonly log: Logger;
}

/** Answers at once; each holds a file open. */
const MOST_AT_ONCE = 8;
/** A reader that takes nothing for so long, and one that takes for ever. */
const STALL_MILLISECONDS = 120_000;
const LONGEST_MILLISECONDS = 10 * 60_000;
const PARAMETERS = ["node", "from", "to", "lines"];

export class ConsoleLogRoute {
  readonly #parts: ConsoleLogRouteParts;
  #active = 0;

  constructor(parts: ConsoleLogRouteParts) {
    this.#parts = parts;
  }

  /** Answers one request. Rejects only when the reason is no fault of the caller's and nothing was sent. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const query = new URL(request.url ?? "", "http://proxy.invalid").searchParams;
      const node = await this.#nodeOf(request, query);
      const window = windowOf(query);
      await this.#inTurn(async () => {
        await this.#parts.logs?.flush(node);
        const part = await readWindow(this.#parts.folder, node, window);
        if (!part) throw new NotFound(`there is no console log of node ${node} here`);
        await this.#send(request, response, node, part);
      });
    } catch (error) {
      if (response.headersSent || response.destroyed)
        this.#parts.log.debug("a console log was not sent whole", { error: messageOf(error) });
      else if (error instanceof ConsoleServiceError) refuse(response, error);
      else throw error;
    }
  }

  /** @throws {InvalidToken} */
  async #nodeOf(request: IncomingMessage, query: URLSearchParams): Promise<string> {
    const grant = await this.#parts.tokens.validate(bearerOf(request), query.get("node") ?? "");
    if (grant.mode !== "log") throw new InvalidToken();
    return grant.nodeUuid;
  }

  /** Only those who may come in take places. @throws {TemporaryFailure} when there is none */
  async #inTurn(work: () => Promise<void>): Promise<void> {
    if (this.#active >= MOST_AT_ONCE)
      throw new TemporaryFailure("the console proxy gives out as many logs as it may");
    this.#active += 1;
    try {
      await work();
    } finally {
      this.#active -= 1;
    }
  }

  async #send(
    request: IncomingMessage,
    response: ServerResponse,
    node: string,
    part: LogPart,
  ): Promise<void> {
    response.writeHead(200, {
      ...BASE_HEADERS,
      "Cache-Control": "no-store",
      "Content-Type": CONSOLE_LOG_TYPES.text,
      "Content-Disposition": `attachment; filename="console-${node}.log"`,
      ...(part.lines !== undefined && { "X-Console-Log-Lines": part.lines }),
    });
    if (request.method === "HEAD") {
      response.end();
      return;
    }
    response.setTimeout(STALL_MILLISECONDS, () => response.destroy());
    const deadline = setTimeout(() => response.destroy(), LONGEST_MILLISECONDS);
    try {
      await pipeline(Readable.from(part.chunks, { highWaterMark: 1 }), response);
    } finally {
      clearTimeout(deadline);
    }
  }
}

function bearerOf(request: IncomingMessage): string {
  return /^Bearer (\S+)$/i.exec(request.headers.authorization ?? "")?.[1] ?? "";
}

/** @throws {InvalidParameterValue} */
function windowOf(query: URLSearchParams): LogWindow {
  for (const name of query.keys())
    if (!PARAMETERS.includes(name) || query.getAll(name).length > 1)
      throw new InvalidParameterValue("unknown or repeated parameter");
  const from = numberIn(query, "from");
  const to = numberIn(query, "to");
  const lines = numberIn(query, "lines");
  if (lines === 0) throw new InvalidParameterValue("lines must be 1 or more");
  return {
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(lines !== undefined && { lines }),
  };
}

function numberIn(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidParameterValue(`${name} must be a whole number`);
}

function refuse(response: ServerResponse, error: ConsoleServiceError): void {
  const body = `${JSON.stringify({ code: error.code, message: tenantSentence(error) })}\n`;
  response.writeHead(error.status, {
    ...BASE_HEADERS,
    "Cache-Control": "no-store",
    "Content-Type": "application/json",
    "Content-Length": Buffer.byteLength(body),
  });
  response.end(body);
}

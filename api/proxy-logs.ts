/**
 * Fetches a node's console log from every living proxy: each keeps what the machine said while the proxy
 * had the line. Follows no redirect, waits for nobody for long, and opens its connections for one answer
 * only. A proxy's address is what the proxy announced itself, and is asked for this one path.
 */
import { readFile } from "node:fs/promises";
import type { Readable } from "node:stream";
import { Agent, request } from "undici";
import { ConfigInvalid, messageOf } from "../common/errors.ts";
import type { Logger } from "../common/log.ts";

export interface ProxyAddress {
  readonly host: string;
  /** For example https://proxy1.example:6090 */
  readonly url: string;
}

export interface LogQuery {
  /** UUID. */
  readonly node: string;
  /** Milliseconds since the epoch. */
  readonly from?: number;
  readonly to?: number;
  readonly lines?: number;
}

export interface ProxyLogs {
  /** Of the proxies that have something. */
  readonly parts: readonly ProxyLogPart[];
  /** Names of those that did not answer as they should. */
  readonly silent: readonly string[];
  /** Ends the connections; to be called when the parts were read or are not wanted. */
  close(): Promise<void>;
}

export interface ProxyLogPart {
  /** How many records it has, if `lines` was asked for. */
  readonly lines: number;
  readonly content: Readable;
}

const CONNECT_MILLISECONDS = 3000;
const HEADERS_MILLISECONDS = 10_000;
/** Between two pieces of an answer. */
const BODY_MILLISECONDS = 60_000;
/** What is read of an answer that is no log, to be able to go on. */
const ERROR_BYTES = 4096;

/** @throws {ConfigInvalid} when the authorities' file cannot be read */
export async function fetchLogs(
  proxies: readonly ProxyAddress[],
  query: LogQuery,
  options: { readonly token: string; readonly caFile: string; readonly log: Logger },
): Promise<ProxyLogs> {
  const ca = options.caFile === "" ? undefined : await readAuthorities(options.caFile);
  const agent = new Agent({
    connect: { timeout: CONNECT_MILLISECONDS, ...(ca !== undefined && { ca }) },
    headersTimeout: HEADERS_MILLISECONDS,
    bodyTimeout: BODY_MILLISECONDS,
  });
  const parts: ProxyLogPart[] = [];
  const silent: string[] = [];
  await Promise.all(
    proxies.map(async (proxy) => {
      try {
        const part = await ask(agent, proxy, query, options.token);
        if (part) parts.push(part);
      } catch (error) {
        options.log.warn("a proxy did not give out its console log", {
          proxy: proxy.host,
          node: query.node,
          error: reasonOf(error),
        });
        silent.push(proxy.host);
      }
    }),
  );
  return { parts, silent: silent.toSorted(), close: () => agent.destroy() };
}

/** @returns undefined when the proxy has no log of this node */
async function ask(
  agent: Agent,
  proxy: ProxyAddress,
  query: LogQuery,
  token: string,
): Promise<ProxyLogPart | undefined> {
  const answer = await request(addressOf(proxy, query), {
    dispatcher: agent,
    headers: { authorization: `Bearer ${token}`, accept: "text/plain" },
  });
  if (answer.statusCode === 200) {
    const lines = Number(answer.headers["x-console-log-lines"] ?? 0);
    return { lines: Number.isSafeInteger(lines) ? lines : 0, content: answer.body };
  }
  await answer.body.dump({
    limit: ERROR_BYTES,
    signal: AbortSignal.timeout(CONNECT_MILLISECONDS),
  });
  if (answer.statusCode === 404) return undefined;
  throw new Error(`it answered ${answer.statusCode}`);
}

function addressOf(proxy: ProxyAddress, query: LogQuery): URL {
  const base = URL.canParse(proxy.url) ? new URL(proxy.url) : undefined;
  if (!base || !/^https?:$/.test(base.protocol)) throw new Error("it announced no address");
  const url = new URL("/console-log", base);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
  return url;
}

async function readAuthorities(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new ConfigInvalid([`[console]log_proxy_cafile: ${messageOf(cause)}`]);
  }
}

/** FACT(Node 20): when every address of a name refuses, the error has a code but no message. */
function reasonOf(error: unknown): string {
  return messageOf(error) || ((error as { code?: string }).code ?? "no answer");
}

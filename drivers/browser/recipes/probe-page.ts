/**
 * Reads a page of a BMC that needs no login, from the conductor, over the place's own way to the BMC and
 * with the node's trust: a bounded GET, nothing more. Follows redirects to the same BMC only.
 */
import { request, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { CaFiles } from "../../../common/ca-files.ts";
import { upgradeToTls } from "../../../common/host-tls.ts";
import { PageError, type HostTls } from "../../base.ts";
import { withDeadline } from "../../lib/deadline.ts";
import type { DialDestination } from "../gate/gate.ts";
import type { WebAddress } from "../web-address.ts";

const BODY_LIMIT_BYTES = 65_536;
const HEADERS_LIMIT_BYTES = 16_384;
const REDIRECTS_LIMIT = 4;
const LIMIT_MS = 15_000;

export interface ProbedPage {
  readonly status: number;
  /** The `Server` header; empty without one. */
  readonly server: string;
  /** At most 64 KiB of it. */
  readonly body: string;
}

/** Resolves with undefined when there is no such page. */
export type GetPage = (path: string, signal: AbortSignal) => Promise<ProbedPage | undefined>;

export interface PageProbeOptions {
  readonly bmc: WebAddress;
  readonly dial: DialDestination;
  /** How its certificate is judged; not used with `http://`. */
  readonly tls: Omit<HostTls, "wrap">;
  readonly caFiles: CaFiles;
}

/** @returns a function that throws for a BMC that cannot be reached or trusted, as dial and TLS do */
export function pageProbe(options: PageProbeOptions): GetPage {
  return (path, signal) =>
    withDeadline(
      {
        signal,
        limitMs: LIMIT_MS,
        onTimeout: () => new PageError("unreachable", "the BMC's page did not answer in time"),
      },
      async (inner) => {
        const { answer, body } = await followed(options, path, inner);
        const status = answer.statusCode ?? 0;
        if (status > 399 && status !== 401 && status !== 403) return undefined;
        return { status, server: String(answer.headers.server ?? ""), body };
      },
    );
}

interface Answer {
  readonly answer: IncomingMessage;
  readonly body: string;
}

async function followed(
  options: PageProbeOptions,
  path: string,
  signal: AbortSignal,
): Promise<Answer> {
  const { origin } = options.bmc;
  let url = new URL(path, origin);
  for (let redirects = 0; ; redirects++) {
    const found = await get(options, url, signal);
    const { statusCode = 0, headers } = found.answer;
    const isRedirect = statusCode > 299 && statusCode < 400 && headers.location !== undefined;
    if (!isRedirect || redirects === REDIRECTS_LIMIT) return found;
    const location = headers.location ?? "";
    const next = URL.canParse(location, url.href) && new URL(location, url);
    if (!next || next.origin !== origin) return found;
    url = next;
  }
}

async function get(options: PageProbeOptions, url: URL, signal: AbortSignal): Promise<Answer> {
  const { bmc } = options;
  const connection = await connected(options, signal);
  try {
    return await new Promise((resolve, reject) => {
      const asked = request({
        createConnection: () => connection,
        host: bmc.host,
        path: `${url.pathname}${url.search}`,
        headers: {
          host: new URL(bmc.origin).host,
          accept: "text/html,application/json,*/*",
          connection: "close",
          "user-agent": "Mozilla/5.0",
        },
        maxHeaderSize: HEADERS_LIMIT_BYTES,
        signal,
      });
      asked.on("error", (cause) =>
        reject(new PageError("unreachable", "the BMC's page did not answer", { cause })),
      );
      asked.on("response", (answer) => {
        collect(answer).then((body) => resolve({ answer, body }), reject);
      });
      asked.end();
    });
  } finally {
    connection.destroy();
  }
}

async function connected(
  { bmc, dial, tls, caFiles }: PageProbeOptions,
  signal: AbortSignal,
): Promise<Duplex> {
  const carrier = await dial({ host: bmc.host, port: bmc.port }, signal);
  carrier.on("error", () => undefined);
  if (!bmc.encrypted) return carrier;
  const end = (): void => void carrier.destroy();
  signal.addEventListener("abort", end, { once: true });
  try {
    const secure = await upgradeToTls(carrier, {
      kind: "certificate",
      tls: { wrap: true, ...tls },
      hostName: bmc.host,
      timeoutSeconds: LIMIT_MS / 1000,
      caFiles,
    });
    secure.on("error", () => undefined);
    return secure;
  } finally {
    signal.removeEventListener("abort", end);
  }
}

/** As much of the body as may be; a connection that breaks off leaves what came. */
async function collect(answer: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  try {
    for await (const part of answer as AsyncIterable<Buffer>) {
      parts.push(part);
      length += part.length;
      if (length >= BODY_LIMIT_BYTES) break;
    }
  } catch {
    // A page that breaks off says what it said.
  }
  return Buffer.concat(parts).toString("utf8", 0, BODY_LIMIT_BYTES);
}

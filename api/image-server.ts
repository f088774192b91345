/**
 * The image server: what BMCs read virtual media from, on a listener of its own. It knows links and files
 * and nothing else: no credentials, no REST, no listing. BMCs are odd clients: HTTP/1.0, no Host header,
 * a HEAD first, thousands of small ranges, connections left open.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";
import type { SecureVersion } from "node:tls";
import type { Clock } from "../common/clock.ts";
import type { Config } from "../common/config/options.ts";
import { AlreadyInUse, ConfigInvalid, messageOf, StartupError } from "../common/errors.ts";
import { tokenInPath, type ImageTokens } from "../common/image-token.ts";
import { readTlsFiles, reloadTlsFiles, type TlsFiles } from "../common/listener-tls.ts";
import type { Logger } from "../common/log.ts";
import { Networks, plainAddress, sourceOf } from "../common/networks.ts";
import type { Database, ServedMedia } from "../db/database.ts";
import { ImageGrants } from "./image-grants.ts";
import { ImageGuard } from "./image-guard.ts";
import { rangeOf, rangeStillHolds, type ByteRange } from "./image-range.ts";
import type { ImageStore } from "./image-store.ts";
import { ImageTransfers, type Transfer } from "./image-transfers.ts";

const LIMITS = {
  headersTimeout: 15_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 5000,
  maxHeaderSize: 8192,
  /* FACT(RFC 9112 section 3.2): a request without Host is an error, but BMCs with HTTP/1.1 send some. */
  requireHostHeader: false,
};
const MAX_HEADERS = 60;
/** Of [image]max_connections, so that one BMC leaves some to the others. */
const MOST_PER_ADDRESS = 64;
const CHUNK_BYTES = 256 * 1024;
/** FACT(OpenSSL manual, SSL_CTX_set_security_level): TLS below 1.2 signs with SHA-1, which level 1 forbids. */
const OLD_CIPHERS = "DEFAULT@SECLEVEL=0";

export interface ImageServerDeps {
  readonly config: Config;
  readonly log: Logger;
  readonly clock: Clock;
  readonly database: Pick<Database, "media">;
  readonly tokens: ImageTokens;
  readonly store: ImageStore;
}

export interface ImageServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** @throws {ConfigInvalid} {@link AlreadyInUse} {@link StartupError} */
export async function startImageServer(deps: ImageServerDeps): Promise<ImageServer> {
  const options = deps.config.image;
  const handler = new Handler(deps);
  const handle = (request: IncomingMessage, response: ServerResponse): void =>
    void handler.answer(request, response);
  const files = tlsFilesOf(deps.config);
  const server = files
    ? createTlsServer({ ...readTlsFiles(files), ...LIMITS }, handle)
    : createServer(LIMITS, handle);
  server.maxHeadersCount = MAX_HEADERS;
  server.maxConnections = options.max_connections;
  boundPerAddress(server, handler.trusted);
  await bind(server, options.listen_address, options.listen_port);
  const reload =
    files && "setSecureContext" in server
      ? reloadTlsFiles(server, files, { log: deps.log })
      : undefined;
  const { port } = server.address() as AddressInfo;
  deps.log.info("the image server listens", { address: options.listen_address, port });
  return {
    port,
    stop: async () => {
      reload?.stop();
      const closed = new Promise((resolve) => server.close(resolve));
      await handler.stop();
      server.closeAllConnections();
      await closed;
    },
  };
}

class Handler {
  readonly #deps: ImageServerDeps;
  readonly #grants: ImageGrants;
  readonly #guard: ImageGuard;
  readonly #transfers: ImageTransfers;
  readonly trusted: Networks;

  constructor(deps: ImageServerDeps) {
    const mistakes: string[] = [];
    const { trusted_proxies } = deps.config.image;
    this.trusted = new Networks("[image]trusted_proxies", trusted_proxies, mistakes);
    if (mistakes.length > 0) throw new ConfigInvalid(mistakes);
    this.#deps = deps;
    this.#grants = new ImageGrants(deps);
    this.#guard = new ImageGuard(deps.clock);
    this.#transfers = new ImageTransfers({ ...deps, grants: this.#grants });
  }

  stop(): Promise<void> {
    return this.#transfers.stop();
  }

  /** Never throws. */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on("error", () => {}); /* the reader left */
    try {
      await this.#answer(request, response);
    } catch (error) {
      this.#deps.log.error("an image could not be served", { error });
      refuse(response, 500);
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method } = request;
    if (method !== "GET" && method !== "HEAD") return refuse(response, 405, { allow: "GET, HEAD" });
    const { address } = sourceOf(request, this.trusted);
    const token = tokenInPath(pathOf(request.url));
    /* Before the guard: BMCs go on asking for what was ejected, and a network of theirs counts as one. */
    const served = token === undefined ? undefined : await this.#grants.find(token);
    if (!served) {
      if (this.#guard.isShutOut(address)) return refuse(response, 429, { "retry-after": "60" });
      this.#guard.failed(address);
      this.#deps.log.info("a request for an image without a valid link", { address });
      return refuse(response, 404);
    }
    const { media } = served;
    if (media.addresses !== null && !media.addresses.includes(address)) {
      this.#guard.failed(address);
      this.#deps.log.warn("an image's link was used from an address that is not the BMC's", {
        node: media.nodeUuid,
        address,
        expected: media.addresses,
      });
      return refuse(response, 403);
    }
    const transfer = this.#transfers.begin(media.grantId);
    if (!transfer) return refuse(response, 503, { "retry-after": "1" });
    try {
      await this.#serve(request, response, served, transfer);
    } finally {
      transfer.end();
    }
  }

  async #serve(
    request: IncomingMessage,
    response: ServerResponse,
    { media, image }: ServedMedia,
    transfer: Transfer,
  ): Promise<void> {
    const { sizeBytes } = image;
    const etag = `"${image.sha256}"`;
    const modifiedSeconds = Math.floor(image.createdAt / 1000);
    const holds = rangeStillHolds(singleHeader(request, "if-range"), etag, modifiedSeconds);
    const range = holds ? rangeOf(singleHeader(request, "range"), sizeBytes) : "whole";
    const headers = {
      "accept-ranges": "bytes",
      "cache-control": "no-store",
      "content-type": "application/octet-stream",
      etag,
      "last-modified": new Date(modifiedSeconds * 1000).toUTCString(),
      "x-content-type-options": "nosniff",
    };
    if (range === "unsatisfiable") {
      response.writeHead(416, {
        ...headers,
        "content-range": `bytes */${sizeBytes}`,
        "content-length": 0,
      });
      response.end();
      return;
    }
    const part: ByteRange = range === "whole" ? { first: 0, last: sizeBytes - 1 } : range;
    const handle = await this.#deps.store.open(image.uuid, sizeBytes);
    if (!handle) {
      this.#deps.log.error("the file of an image is not there, or not as long as it was", {
        image: image.uuid,
        node: media.nodeUuid,
      });
      return refuse(response, 404);
    }
    const length = part.last - part.first + 1;
    response.writeHead(range === "whole" ? 200 : 206, {
      ...headers,
      "content-length": length,
      ...(range !== "whole" && {
        "content-range": `bytes ${part.first}-${part.last}/${sizeBytes}`,
      }),
    });
    if (request.method === "HEAD") {
      await handle.close();
      response.end();
      return;
    }
    const file = handle.createReadStream({
      start: part.first,
      end: part.last,
      highWaterMark: CHUNK_BYTES,
    });
    transfer.follow(file);
    try {
      await pipeline(file, response, { signal: transfer.signal });
    } catch (error) {
      /* What it was promised does not come: the connection is all that can say so. */
      response.destroy();
      this.#deps.log.debug("a transfer of an image ended early", {
        node: media.nodeUuid,
        image: image.uuid,
        reason: messageOf(error),
      });
    }
  }
}

/** Load balancers may have as many as they like: theirs are everybody's. */
function boundPerAddress(server: Server, trusted: Networks): void {
  const counts = new Map<string, number>();
  server.on("connection", (socket) => {
    const address = plainAddress(socket.remoteAddress);
    if (trusted.has(address)) return;
    const count = (counts.get(address) ?? 0) + 1;
    counts.set(address, count);
    socket.once("close", () => {
      const left = (counts.get(address) ?? 1) - 1;
      if (left > 0) counts.set(address, left);
      else counts.delete(address);
    });
    if (count > MOST_PER_ADDRESS) socket.destroy();
  });
}

/** Some proxies send the whole URL (RFC 9112 section 3.2.2). */
function pathOf(target = ""): string {
  const path = target.startsWith("/")
    ? target
    : URL.canParse(target)
      ? new URL(target).pathname
      : "";
  return path.split("?")[0] ?? "";
}

function singleHeader(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** Says nothing more than the number: who asks is not known. */
function refuse(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent) return void response.destroy();
  response.writeHead(status, { ...headers, "content-length": 0, connection: "close" });
  response.end();
}

function tlsFilesOf({ image }: Config): TlsFiles | undefined {
  const { cert_file: certFile, key_file: keyFile, tls_min_version: version } = image;
  if (certFile === "" && keyFile === "") return undefined;
  if (certFile === "" || keyFile === "")
    throw new ConfigInvalid(["[image]cert_file and [image]key_file are only of use together"]);
  const minVersion: SecureVersion =
    version === "1.0" ? "TLSv1" : (`TLSv${version}` as SecureVersion);
  const old = version === "1.0" || version === "1.1";
  return { certFile, keyFile, minVersion, ...(old && { ciphers: OLD_CIPHERS }) };
}

async function bind(server: Server, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      reject(
        new (cause.code === "EADDRINUSE" ? AlreadyInUse : StartupError)(
          `the image server cannot listen on ${host}:${port}: ${messageOf(cause)}; [image]listen_port chooses another port`,
        ),
      );
    });
    server.listen({ host, port }, () => {
      server.removeAllListeners("error");
      resolve();
    });
  });
}

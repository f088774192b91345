/**
 * The listener: HTTP or HTTPS, one port for pages and WebSockets. Bounds how long anybody may take to
 * say what they want; a connection that has become a session is none of its business any more.
 */
import http from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { readTlsFiles, reloadTlsFiles, type TlsFiles } from "../common/listener-tls.ts";
import { AlreadyInUse, messageOf, StartupError } from "../common/errors.ts";
import type { Logger } from "../common/log.ts";

export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  /** Undefined serves plain HTTP. */
  readonly tls: TlsFiles | undefined;
  readonly log: Logger;
  /** How often the certificate files are looked at; default 5 s. */
  readonly certificatePollMilliseconds?: number;
}

export interface ListenerHandlers {
  onRequest(request: http.IncomingMessage, response: http.ServerResponse): void;
  onUpgrade(request: http.IncomingMessage, socket: Duplex, head: Buffer): void;
}

export interface Listener {
  readonly port: number;
  /** Takes no new connections, and drops those that wait for a next request. */
  stopListening(): void;
  /** Ends what is left of the plain HTTP connections, and the certificate watch. */
  stop(): Promise<void>;
}

const HEADERS_MILLISECONDS = 10_000;
const REQUEST_MILLISECONDS = 20_000;
const KEEP_ALIVE_MILLISECONDS = 5_000;
const CHECK_MILLISECONDS = 2_000;

/** @throws {AlreadyInUse} {@link StartupError} when the address cannot be had; {@link ConfigInvalid} for bad TLS files */
export async function listen(
  options: ListenerOptions,
  handlers: ListenerHandlers,
): Promise<Listener> {
  const timeouts = {
    headersTimeout: HEADERS_MILLISECONDS,
    requestTimeout: REQUEST_MILLISECONDS,
    keepAliveTimeout: KEEP_ALIVE_MILLISECONDS,
    connectionsCheckingInterval: CHECK_MILLISECONDS,
  };
  const secure = options.tls && https.createServer({ ...timeouts, ...readTlsFiles(options.tls) });
  const server = secure ?? http.createServer(timeouts);
  server.on("request", (request, response) => handlers.onRequest(request, response));
  server.on("upgrade", (request, socket, head) => handlers.onUpgrade(request, socket, head));
  await bind(server, options);
  const reload =
    secure &&
    options.tls &&
    reloadTlsFiles(secure, options.tls, {
      log: options.log,
      ...(options.certificatePollMilliseconds && {
        intervalMs: options.certificatePollMilliseconds,
      }),
    });
  return {
    port: (server.address() as AddressInfo).port,
    stopListening: () => {
      server.close();
      server.closeIdleConnections();
    },
    stop: async () => {
      reload?.stop();
      const closed = new Promise((resolve) => server.once("close", resolve));
      if (server.listening) server.close();
      server.closeAllConnections();
      if ((await connectionsOf(server)) > 0) await closed;
    },
  };
}

function bind(server: http.Server | https.Server, options: ListenerOptions): Promise<void> {
  const { host, port } = options;
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) =>
      reject(
        new (cause.code === "EADDRINUSE" ? AlreadyInUse : StartupError)(
          `novncproxy cannot listen on ${host}:${port}: ${messageOf(cause)}; [vnc]port (-o vnc.port=N) chooses another port`,
          {
            cause,
          },
        ),
      ),
    );
    server.listen(port, host, () => {
      server.removeAllListeners("error");
      server.on("error", (error) =>
        options.log.error("the listener of novncproxy failed", { error: messageOf(error) }),
      );
      resolve();
    });
  });
}

function connectionsOf(server: http.Server | https.Server): Promise<number> {
  return new Promise((resolve) =>
    server.getConnections((error, count) => resolve(error ? 0 : count)),
  );
}

/**
 * The listening socket of the REST service: HTTP or HTTPS, with limits against slow and greedy
 * callers, and a stop that lets requests in progress finish but waits for nobody for ever.
 */
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Config } from "../common/config/options.ts";
import { AlreadyInUse, ConfigInvalid, messageOf, StartupError } from "../common/errors.ts";
import { readTlsFiles, reloadTlsFiles, type TlsFiles } from "../common/listener-tls.ts";
import type { Logger } from "../common/log.ts";

const LIMITS = {
  headersTimeout: 15_000,
  /* Bodies have a limit each, see body-deadlines.ts. */
  requestTimeout: 0,
  keepAliveTimeout: 20_000,
  /* How often the first two are looked at; Node's own 30 s would triple them. */
  connectionsCheckingInterval: 5000,
};
const MAX_HEADERS = 100;
/** How often a stopping listener looks for connections that have become idle. */
const IDLE_SWEEP_MS = 50;

export interface Listener {
  readonly url: string;
  readonly port: number;
  /** @param graceSeconds how long requests in progress may take */
  stop(graceSeconds: number): Promise<void>;
}

/** @throws {ConfigInvalid} for unusable TLS files; {@link AlreadyInUse} {@link StartupError} */
export async function listen(
  handler: RequestListener,
  deps: { readonly config: Config; readonly log: Logger },
): Promise<Listener> {
  const { host_ip: host, port } = deps.config.api;
  const tls = tlsFilesOf(deps.config);
  const server = tls
    ? createTlsServer({ ...readTlsFiles(tls), ...LIMITS }, handler)
    : createServer(LIMITS, handler);
  server.maxHeadersCount = MAX_HEADERS;
  await bind(server, host, port);
  const reload =
    tls && "setSecureContext" in server
      ? reloadTlsFiles(server, tls, { log: deps.log })
      : undefined;
  const bound = (server.address() as AddressInfo).port;
  return {
    url: `${tls ? "https" : "http"}://${host.includes(":") ? `[${host}]` : host}:${bound}`,
    port: bound,
    stop: async (graceSeconds) => {
      reload?.stop();
      await close(server, graceSeconds);
    },
  };
}

function tlsFilesOf(config: Config): TlsFiles | undefined {
  const { enable_ssl_api, cert_file: certFile, key_file: keyFile } = config.api;
  if (!enable_ssl_api) return undefined;
  const missing = [
    ...(certFile === "" ? ["cert_file"] : []),
    ...(keyFile === "" ? ["key_file"] : []),
  ];
  if (missing.length > 0)
    throw new ConfigInvalid(
      missing.map((name) => `[api]${name} is required with [api]enable_ssl_api`),
    );
  return { certFile, keyFile };
}

async function bind(server: Server, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      reject(
        new (cause.code === "EADDRINUSE" ? AlreadyInUse : StartupError)(
          `the api cannot listen on ${host}:${port}: ${messageOf(cause)}; [api]port (-o api.port=N) chooses another port`,
        ),
      );
    });
    server.listen({ host, port }, () => {
      server.removeAllListeners("error");
      resolve();
    });
  });
}

/**
 * FACT(Node 20 to 26, measured): `close()` drops idle keep-alive connections once; one whose request
 * ends a moment later keeps the server open, hence the sweep.
 */
async function close(server: Server, graceSeconds: number): Promise<void> {
  const sweep = setInterval(() => server.closeIdleConnections(), IDLE_SWEEP_MS);
  const deadline = setTimeout(() => server.closeAllConnections(), graceSeconds * 1000);
  try {
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
  } finally {
    clearInterval(sweep);
    clearTimeout(deadline);
  }
}

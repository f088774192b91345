/** Starts the REST service: wiring only. */
import type { Clock } from "../common/clock.ts";
import type { Config } from "../common/config/options.ts";
import { ConfigInvalid } from "../common/errors.ts";
import type { ImageTokens } from "../common/image-token.ts";
import { Releasers } from "../common/lifecycle.ts";
import type { Logger } from "../common/log.ts";
import type { ConductorApi } from "../conductor/rpcapi.ts";
import type { Database } from "../db/database.ts";
import { createApiApp } from "./app.ts";
import { createAuthenticator } from "./auth/authenticator.ts";
import { checkPublicEndpoint } from "./base-url.ts";
import { BodyDeadlines } from "./body-deadlines.ts";
import { ImageLibrary } from "./image-library.ts";
import { startImageServer } from "./image-server.ts";
import { listen } from "./listener.ts";
import { metrics } from "./metrics.ts";
import { allRoutes } from "./routes.ts";

export interface ApiDeps {
  readonly config: Config;
  readonly log: Logger;
  readonly clock: Clock;
  readonly database: Database;
  readonly conductor: ConductorApi;
  /** Knows the links that conductors give to BMCs; needed with [image]public_url. */
  readonly imageTokens?: ImageTokens;
}

export interface ApiService {
  /** Where it listens, for example `http://127.0.0.1:6385`. */
  readonly url: string;
  readonly port: number;
  /** Where the image server listens; 0 when there is none. */
  readonly imagePort: number;
  /** Lets requests in progress finish, at most [DEFAULT]graceful_shutdown_timeout seconds. */
  stop(): Promise<void>;
}

/** @throws {StartupError} {@link ConfigInvalid} before anything listens */
export async function startApi(deps: ApiDeps): Promise<ApiService> {
  const { config } = deps;
  checkPublicEndpoint(config.api.public_endpoint);
  const authenticator = createAuthenticator(deps);
  let stopping = false;
  const bodies = new BodyDeadlines();
  const library = new ImageLibrary(deps);
  const app = createApiApp({
    ...deps,
    authenticator,
    metrics: metrics(deps),
    routes: allRoutes({ ...deps, library, isStopping: () => stopping }),
    rules: {
      publicEndpoint: config.api.public_endpoint,
      believeForwarded: config.api.enable_proxy_headers_parsing,
      maxBodyBytes: config.api.max_request_body_size,
      bodies,
    },
  });
  const handle = app.callback();
  const releasers = new Releasers();
  try {
    const imagePort = await serveImages(deps, library, releasers);
    const listener = await listen((request, response) => {
      bodies.watch(request, response);
      void handle(request, response);
    }, deps);
    releasers.push("the REST listener", () =>
      listener.stop(config.DEFAULT.graceful_shutdown_timeout),
    );
    deps.log.info("api listens", { url: listener.url, auth: config.DEFAULT.auth_strategy });
    return {
      url: listener.url,
      port: listener.port,
      imagePort,
      stop: async () => {
        stopping = true;
        await releasers.stop();
      },
    };
  } catch (error) {
    await releasers.stop();
    throw error;
  }
}

/** @returns the image server's port, 0 without one */
async function serveImages(
  deps: ApiDeps,
  library: ImageLibrary,
  releasers: Releasers,
): Promise<number> {
  library.start();
  releasers.push("the image library", () => library.stop());
  const { imageTokens: tokens, config } = deps;
  if (config.image.public_url === "") return 0;
  if (!tokens)
    throw new ConfigInvalid(["[image]public_url needs [DEFAULT]secret_key_file on the api's host"]);
  const server = await startImageServer({ ...deps, tokens, store: library.store });
  releasers.push("the image server", () => server.stop());
  return server.port;
}

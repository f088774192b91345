/** Starts the REST service: wiring only. */
import type { Clock } from "../common/clock.ts";
import type { Config } from "../common/config/options.ts";
import type { Logger } from "../common/log.ts";
import type { ConductorApi } from "../conductor/rpcapi.ts";
import type { Database } from "../db/database.ts";
import { createApiApp } from "./app.ts";
import { createAuthenticator } from "./auth/authenticator.ts";
import { checkPublicEndpoint } from "./base-url.ts";
import { listen } from "./listener.ts";
import { metrics } from "./metrics.ts";
import { allRoutes } from "./routes.ts";

export interface ApiDeps {
  readonly config: Config;
  readonly log: Logger;
  readonly clock: Clock;
  readonly database: Database;
  readonly conductor: ConductorApi;
}

export interface ApiService {
  /** Where it listens, for example `http://127.0.0.1:6385`. */
  readonly url: string;
  readonly port: number;
  /** Lets requests in progress finish, at most [DEFAULT]graceful_shutdown_timeout seconds. */
  stop(): Promise<void>;
}

/** @throws {StartupError} {@link ConfigInvalid} before anything listens */
export async function startApi(deps: ApiDeps): Promise<ApiService> {
  const { config } = deps;
  checkPublicEndpoint(config.api.public_endpoint);
  const authenticator = createAuthenticator(deps);
  let stopping = false;
  const app = createApiApp({
    ...deps,
    authenticator,
    metrics: metrics(deps),
    routes: allRoutes({ ...deps, isStopping: () => stopping }),
    rules: {
      publicEndpoint: config.api.public_endpoint,
      believeForwarded: config.api.enable_proxy_headers_parsing,
      maxBodyBytes: config.api.max_request_body_size,
    },
  });
  const handle = app.callback();
  const listener = await listen((request, response) => void handle(request, response), deps);
  deps.log.info("api listens", { url: listener.url, auth: config.DEFAULT.auth_strategy });
  return {
    url: listener.url,
    port: listener.port,
    stop: async () => {
      stopping = true;
      await listener.stop(config.DEFAULT.graceful_shutdown_timeout);
    },
  };
}

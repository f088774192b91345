/** The REST application: every middleware in one visible order. Listening is main's. */
import Koa from "koa";
import type { Clock } from "../common/clock.ts";
import type { Logger } from "../common/log.ts";
import type { Authenticator } from "./auth/authenticator.ts";
import { authenticate } from "./middleware/authenticate.ts";
import { errorResponse } from "./middleware/error-response.ts";
import { microversion } from "./middleware/microversion.ts";
import { requestId } from "./middleware/request-id.ts";
import { securityHeaders } from "./middleware/security-headers.ts";
import { unversionedPaths } from "./middleware/unversioned-paths.ts";
import { mountRoutes, type RouterRules } from "./router.ts";
import type { Route } from "./route.ts";
import type { ApiMiddleware, ApiState } from "./state.ts";

export interface ApiAppDeps {
  readonly log: Logger;
  readonly clock: Clock;
  readonly authenticator: Authenticator;
  readonly routes: readonly Route[];
  readonly rules: RouterRules;
  /** Answers /metrics, before anybody is asked who he is. */
  readonly metrics: ApiMiddleware;
}

export function createApiApp(deps: ApiAppDeps): Koa<ApiState> {
  const app = new Koa<ApiState>();
  app.on("error", (error: unknown) => deps.log.debug("a connection broke", { error }));
  const { challenge } = deps.authenticator;
  app.use(requestId(deps));
  app.use(securityHeaders());
  app.use(errorResponse({ log: deps.log, challenge }));
  app.use(unversionedPaths());
  app.use(deps.metrics);
  app.use(authenticate(deps.authenticator));
  app.use(microversion());
  for (const middleware of mountRoutes(deps.routes, deps.rules)) app.use(middleware);
  return app;
}

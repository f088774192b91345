/**
 * The seam between "who asks" and everything else. One implementation an `auth_strategy`; nothing
 * outside this folder knows how a caller proved himself.
 */
import type { IncomingMessage } from "node:http";
import type { Clock } from "../../common/clock.ts";
import type { Config } from "../../common/config/options.ts";
import { ConfigInvalid } from "../../common/errors.ts";
import type { Logger } from "../../common/log.ts";
import type { RequestContext } from "../../common/request-context.ts";
import { createHttpBasicAuthenticator } from "./http-basic.ts";
import { createNoauthAuthenticator } from "./noauth.ts";

export interface Authenticator {
  /**
   * @returns who asks
   * @throws {NotAuthenticated} 401; {MalformedCredentials} 400; {NotAuthorized} 403
   */
  authenticate(request: IncomingMessage, requestId: string): Promise<RequestContext>;
  /** WWW-Authenticate of a 401, when the strategy has one. */
  readonly challenge?: string;
}

export interface AuthenticatorDeps {
  readonly config: Config;
  readonly log: Logger;
  readonly clock: Clock;
}

/** @throws {ConfigInvalid} when the strategy may not or cannot run with this configuration */
export function createAuthenticator(deps: AuthenticatorDeps): Authenticator {
  const strategy = deps.config.DEFAULT.auth_strategy;
  if (strategy === "noauth") return createNoauthAuthenticator(deps.config);
  if (strategy === "http_basic") return createHttpBasicAuthenticator(deps);
  throw new ConfigInvalid([`[DEFAULT]auth_strategy "${strategy}" is not known to the api`]);
}

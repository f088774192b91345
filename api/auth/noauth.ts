/**
 * Everyone is an administrator: for one person on one machine. Never listens beyond loopback, and
 * never answers a request that a web page smuggled in under a foreign host name (DNS rebinding).
 */
import type { IncomingMessage } from "node:http";
import type { Config } from "../../common/config/options.ts";
import { ConfigInvalid, NotAuthorized } from "../../common/errors.ts";
import type { RequestContext } from "../../common/request-context.ts";
import { hostnameOf } from "../base-url.ts";
import { isLoopback } from "../../common/loopback.ts";
import type { Authenticator } from "./authenticator.ts";

/** @throws {ConfigInvalid} when [api]host_ip is not loopback */
export function createNoauthAuthenticator(config: Config): Authenticator {
  if (!isLoopback(config.api.host_ip))
    throw new ConfigInvalid([
      `[DEFAULT]auth_strategy noauth makes everyone an administrator, so [api]host_ip must be a loopback address, not "${config.api.host_ip}"; use http_basic to listen elsewhere`,
    ]);
  const ownName = config.api.public_endpoint === "" ? "" : new URL(config.api.public_endpoint).host;
  return {
    authenticate: (request, requestId) => {
      refuseForeignHost(request, hostnameOf(ownName));
      return Promise.resolve(administrator(requestId));
    },
  };
}

function refuseForeignHost(request: IncomingMessage, ownName: string): void {
  if (request.headers.host === undefined) return;
  const name = hostnameOf(request.headers.host);
  if (name !== "" && (isLoopback(name) || name === ownName)) return;
  throw new NotAuthorized(
    "without authentication only requests to a loopback address or to [api]public_endpoint are answered",
  );
}

function administrator(requestId: string): RequestContext {
  return {
    requestId,
    userId: null,
    userName: null,
    projectId: null,
    roles: [],
    isAdmin: true,
  };
}

/**
 * HTTP basic authentication (RFC 7617) against an htpasswd file. Verifying a bcrypt hash costs tens of
 * milliseconds on a worker thread, so right answers are remembered for a short time, and the others
 * wait in line by source address; the password itself is kept nowhere.
 *
 * Answers are those of Ironic's own http_basic: 401 with its two sentences, 400 for another scheme.
 */
import { verify as verifyBcrypt } from "@node-rs/bcrypt";
import {
  MalformedCredentials,
  messageOf,
  NotAuthenticated,
  TemporaryFailure,
} from "../../common/errors.ts";
import type { Logger } from "../../common/log.ts";
import type { RequestContext } from "../../common/request-context.ts";
import { isLoopback } from "../../common/loopback.ts";
import type { Authenticator, AuthenticatorDeps } from "./authenticator.ts";
import { HtpasswdFile, type Users } from "./htpasswd.ts";
import { PasswordChecks, type VerifyPassword } from "./password-checks.ts";
import { RememberedLogins } from "./remembered-logins.ts";
import { sourceOf } from "./source-address.ts";

/** Of a random password nobody knows: an unknown user costs as long as a known one. */
const NOBODY = "$2y$10$7fJqlMQdA9mUFeLVe5Hj4Oabw3kRtWg6DDSedQxcgpQGmaWKVLqpe";

/** @throws {ConfigInvalid} when the file is missing or malformed */
export function createHttpBasicAuthenticator(
  deps: AuthenticatorDeps,
  verify: VerifyPassword = verifyBcrypt,
): Authenticator {
  const { config, log, clock } = deps;
  const file = new HtpasswdFile(config.DEFAULT.http_basic_auth_user_file);
  if (!config.api.enable_ssl_api && !isLoopback(config.api.host_ip))
    log.warn("passwords cross the network in the clear: put TLS in front or set enable_ssl_api");
  const known: Known = {
    remembered: new RememberedLogins(clock),
    checks: new PasswordChecks(verify),
  };
  return {
    challenge: 'Basic realm="Baremetal API"',
    authenticate: async (request, requestId) => {
      const { user, password } = parseAuthorization(request.headers.authorization);
      const source = sourceOf(request, config.api.enable_proxy_headers_parsing);
      await checkPassword({ users: usersOf(file, log), user, password, source }, known);
      return contextOf(user, requestId);
    },
  };
}

function usersOf(file: HtpasswdFile, log: Logger): Users {
  try {
    return file.users();
  } catch (cause) {
    log.error("nobody can log in", { reason: messageOf(cause) });
    throw new TemporaryFailure("the password file of this service is not usable", { cause });
  }
}

/**
 * @throws {NotAuthenticated} when there is no header
 * @throws {MalformedCredentials} for another scheme or bytes that are not base64 of USER:PASSWORD
 */
export function parseAuthorization(header: string | undefined): {
  readonly user: string;
  readonly password: Buffer;
} {
  if (header === undefined) throw new NotAuthenticated("Authorization required");
  const [scheme = "", token, ...rest] = header.trim().split(/\s+/);
  if (token === undefined || rest.length > 0)
    throw new MalformedCredentials("Could not parse Authorization header.");
  if (scheme.toLowerCase() !== "basic")
    throw new MalformedCredentials(`Unsupported authorization type "${scheme}"`);
  const bytes = Buffer.from(token, "base64");
  const colon = bytes.indexOf(0x3a);
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(token) || colon < 1)
    throw new MalformedCredentials("Could not decode authorization token.");
  return { user: bytes.subarray(0, colon).toString("utf8"), password: bytes.subarray(colon + 1) };
}

interface Known {
  readonly remembered: RememberedLogins;
  readonly checks: PasswordChecks;
}

async function checkPassword(
  login: {
    readonly users: Users;
    readonly user: string;
    readonly password: Buffer;
    readonly source: string;
  },
  { remembered, checks }: Known,
): Promise<void> {
  const { users, user, password, source } = login;
  const hash = users.get(user);
  const key = remembered.keyOf(user, password, hash ?? "");
  if (hash !== undefined && remembered.has(key)) return;
  const right = await checks.isRight({ source, key, password, hash: hash ?? NOBODY });
  if (hash === undefined || !right) throw new NotAuthenticated("Incorrect username or password");
  remembered.add(key);
}

function contextOf(user: string, requestId: string): RequestContext {
  return {
    requestId,
    userId: user,
    userName: user,
    projectId: null,
    roles: [],
    isAdmin: true,
  };
}

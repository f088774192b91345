/**
 * Finds out which service to talk to and as whom: options, then BMCON_*, then OpenStack's OS_* (a cloud
 * of clouds.yaml among them), then what `bmcon login` saved, then the service on this machine without
 * credentials. Saved credentials never go to another service than the one they were saved for.
 */
import {
  InvalidParameterValue,
  MissingParameterValue,
  NotAuthenticated,
} from "../../common/errors.ts";
import { Secret } from "../../common/secret.ts";
import type { CliIo } from "../cli-io.ts";
import { baseOf, type Credentials } from "../client.ts";
import type { ClientTls } from "../client-tls.ts";
import { askPassword } from "../prompt.ts";
import { cloudOfEnvironment, environmentTls, type Cloud } from "./cloud.ts";
import { readCloud } from "./clouds-file.ts";
import { loginToKeystone } from "./keystone.ts";
import { readSavedLogin, type SavedLogin } from "./saved-login.ts";

export const DEFAULT_URL = "http://127.0.0.1:6385";

export interface AccessFlags {
  readonly url?: string;
  readonly user?: string;
  readonly cacert?: string;
  readonly cloud?: string;
}

/** A service, and who asks; in the form in which it can be saved. */
export type Access = SavedLogin & { readonly tls: ClientTls };

const METHODS: Readonly<Record<string, string>> = {
  password: "password",
  v3password: "password",
  token: "token",
  v3token: "token",
  v3applicationcredential: "application_credential",
};

/**
 * @param options `saved` false looks at no saved login; `ask` false asks for no password
 * @throws {NotAuthenticated} the saved token has expired, or a password would have to be asked for
 */
export async function findAccess(
  io: CliIo,
  flags: AccessFlags,
  options: { readonly saved?: boolean; readonly ask?: boolean } = {},
): Promise<Access> {
  const saved = options.saved === false ? undefined : await readSavedLogin(io.env);
  const given = await givenAccess(io, flags, saved, options.ask !== false);
  const tls = { ...given.tls, ...(flags.cacert !== undefined && { cacert: flags.cacert }) };
  return { ...given, url: baseOf(given.url), tls };
}

async function givenAccess(
  io: CliIo,
  flags: AccessFlags,
  saved: SavedLogin | undefined,
  ask: boolean,
): Promise<Access> {
  const { env } = io;
  const url = flags.url ?? (env["BMCON_URL"] || undefined);
  const tls = environmentTls(env);
  const elsewhere = (): string => url ?? (env["OS_ENDPOINT"] || saved?.url || DEFAULT_URL);
  if (flags.cloud !== undefined) return cloudAccess(io, await named(io, flags.cloud), url, ask);
  const user = flags.user ?? (env["BMCON_USERNAME"] || undefined);
  if (user !== undefined) {
    const password = await passwordOf(io, user, undefined, ask);
    return { url: elsewhere(), credentials: { kind: "http_basic", user, password }, tls };
  }
  if (env["BMCON_TOKEN"])
    return { url: elsewhere(), credentials: tokenOf(env["BMCON_TOKEN"]), tls };
  if (env["OS_CLOUD"]) return cloudAccess(io, await named(io, env["OS_CLOUD"]), url, ask);
  const cloud = cloudOfEnvironment(env);
  if (cloud) return cloudAccess(io, cloud, url, ask, saved?.url);
  const wanted = elsewhere();
  if (!saved || baseOf(wanted) !== saved.url) return { url: wanted, tls };
  if (saved.expiresAt !== undefined && saved.expiresAt <= io.clock.now())
    throw new NotAuthenticated(
      `the saved login for ${saved.url} expired at ${new Date(saved.expiresAt).toISOString()}; run \`bmcon login\` again`,
    );
  return { ...saved, tls: { ...saved.tls, ...tls } };
}

/** @throws {InvalidParameterValue} for what cannot stand in a header; the text is not repeated */
export function tokenOf(text: string): Credentials {
  if (!/^[!-~]{1,65536}$/.test(text))
    throw new InvalidParameterValue("the token is empty or has characters that no token has");
  return { kind: "token", token: new Secret(text) };
}

function named(io: CliIo, name: string): Promise<Cloud> {
  return readCloud(io.env, name, process.cwd());
}

/**
 * @param url instead of the cloud's own endpoint
 * @param otherwise where to go when neither says it
 */
async function cloudAccess(
  io: CliIo,
  cloud: Cloud,
  url: string | undefined,
  ask: boolean,
  otherwise: string = DEFAULT_URL,
): Promise<Access> {
  const { auth, secrets, tls } = cloud;
  const type = cloud.authType ?? guessedType(cloud);
  const endpoint = url ?? cloud.endpoint ?? auth["endpoint"];
  if (type === "none") return { url: endpoint ?? otherwise, tls };
  if (type === "http_basic") {
    const user = auth["username"];
    if (!user) throw new MissingParameterValue(`${cloud.name} has no username`);
    const password = await passwordOf(io, user, secrets.password, ask);
    const credentials = { kind: "http_basic", user, password } as const;
    return { url: endpoint ?? otherwise, credentials, tls };
  }
  if (type === "admin_token")
    return { url: endpoint ?? otherwise, credentials: cloudToken(cloud), tls };
  const method = Object.hasOwn(METHODS, type) ? METHODS[type] : undefined;
  if (method === undefined)
    throw new InvalidParameterValue(
      `auth_type "${type}" of ${cloud.name} is not supported; there are none, http_basic, admin_token, ${Object.keys(METHODS).join(", ")}`,
    );
  const whole = await withPassword(io, cloud, method, ask);
  const login = await loginToKeystone(
    endpoint === undefined ? whole : { ...whole, endpoint },
    method,
  );
  return {
    url: login.endpoint,
    credentials: { kind: "token", token: login.token },
    ...(login.expiresAt !== undefined && { expiresAt: login.expiresAt }),
    ...(login.user !== undefined && { user: login.user }),
    ...(auth["auth_url"] && { authUrl: auth["auth_url"] }),
    tls,
  };
}

/** As keystoneauth does it, and a user name without Keystone is one of http_basic, as Ironic's client has it. */
function guessedType({ auth, secrets }: Cloud): string {
  if (!auth["auth_url"]) {
    if (auth["username"]) return "http_basic";
    return secrets.token ? "admin_token" : "none";
  }
  if (secrets.application_credential_secret) return "v3applicationcredential";
  return secrets.token ? "v3token" : "v3password";
}

function cloudToken({ name, secrets }: Cloud): Credentials {
  if (secrets.token) return { kind: "token", token: secrets.token };
  throw new MissingParameterValue(`${name} has no token`);
}

async function withPassword(io: CliIo, cloud: Cloud, method: string, ask: boolean): Promise<Cloud> {
  if (method !== "password" || cloud.secrets.password) return cloud;
  const user = cloud.auth["username"] ?? cloud.auth["user_id"] ?? "the user";
  const password = await passwordOf(io, user, undefined, ask);
  return { ...cloud, secrets: { ...cloud.secrets, password } };
}

async function passwordOf(
  io: CliIo,
  user: string,
  known: Secret | undefined,
  ask: boolean,
): Promise<Secret> {
  if (known) return known;
  const password = io.env["BMCON_PASSWORD"] || io.env["OS_PASSWORD"];
  if (password) return new Secret(password);
  if (!ask) throw new NotAuthenticated(`the password of ${user} is not known`);
  return askPassword(io, `Password of ${user}: `);
}

/**
 * What OpenStack's clients know of a cloud, in the words of clouds.yaml: read from such a file, or from
 * the OS_* environment. Says nothing yet to anybody.
 */
import { Secret } from "../../common/secret.ts";
import type { CliIo } from "../cli-io.ts";
import type { ClientTls } from "../client-tls.ts";

const SECRET_NAMES = ["password", "token", "application_credential_secret"] as const;
export type CloudSecrets = { readonly [N in (typeof SECRET_NAMES)[number]]?: Secret };

export interface Cloud {
  /** As the user knows it: a cloud's name, or the environment. */
  readonly name: string;
  /** `password`, `none`, …; worked out from what is there when not given. */
  readonly authType?: string;
  /** `auth_url`, `username`, `project_name`, `endpoint` … */
  readonly auth: Readonly<Record<string, string>>;
  readonly secrets: CloudSecrets;
  readonly region?: string;
  /** Kinds of endpoint in order of preference: `public`, `internal`, `admin`. */
  readonly interfaces: readonly string[];
  /** Of the Bare Metal service, instead of the catalog's. */
  readonly endpoint?: string;
  readonly tls: ClientTls;
}

const ENVIRONMENT_AUTH: readonly (readonly [variable: string, key: string])[] = [
  ["OS_AUTH_URL", "auth_url"],
  ["OS_USERNAME", "username"],
  ["OS_USER_ID", "user_id"],
  ["OS_PASSWORD", "password"],
  ["OS_USER_DOMAIN_ID", "user_domain_id"],
  ["OS_USER_DOMAIN_NAME", "user_domain_name"],
  ["OS_PROJECT_ID", "project_id"],
  ["OS_PROJECT_NAME", "project_name"],
  ["OS_PROJECT_DOMAIN_ID", "project_domain_id"],
  ["OS_PROJECT_DOMAIN_NAME", "project_domain_name"],
  ["OS_DEFAULT_DOMAIN_ID", "default_domain_id"],
  ["OS_DEFAULT_DOMAIN", "default_domain_id"],
  ["OS_DEFAULT_DOMAIN_NAME", "default_domain_name"],
  ["OS_DOMAIN_ID", "domain_id"],
  ["OS_DOMAIN_NAME", "domain_name"],
  ["OS_SYSTEM_SCOPE", "system_scope"],
  ["OS_APPLICATION_CREDENTIAL_ID", "application_credential_id"],
  ["OS_APPLICATION_CREDENTIAL_NAME", "application_credential_name"],
  ["OS_APPLICATION_CREDENTIAL_SECRET", "application_credential_secret"],
  ["OS_AUTH_TOKEN", "token"],
  ["OS_TOKEN", "token"],
  ["OS_ENDPOINT", "endpoint"],
];
/** One of these means that the environment says who asks. */
const SAY_WHO = ["OS_AUTH_TYPE", "OS_AUTH_URL", "OS_USERNAME", "OS_USER_ID", "OS_TOKEN"];

/** @returns undefined when the environment does not say who asks */
export function cloudOfEnvironment(env: CliIo["env"]): Cloud | undefined {
  if (!SAY_WHO.some((name) => env[name])) return undefined;
  const auth: Record<string, string> = {};
  for (const [variable, key] of ENVIRONMENT_AUTH) {
    const value = env[variable];
    if (value) auth[key] = value;
  }
  return {
    name: "the OS_* environment",
    ...(env["OS_AUTH_TYPE"] && { authType: env["OS_AUTH_TYPE"] }),
    ...withoutSecrets(auth),
    ...(env["OS_REGION_NAME"] && { region: env["OS_REGION_NAME"] }),
    interfaces: interfacesOf(env["OS_INTERFACE"] || env["OS_ENDPOINT_TYPE"]),
    ...(env["OS_BAREMETAL_ENDPOINT_OVERRIDE"] && {
      endpoint: env["OS_BAREMETAL_ENDPOINT_OVERRIDE"],
    }),
    tls: environmentTls(env),
  };
}

/** Keeps secrets apart from the rest of `auth`. */
export function withoutSecrets(
  all: Readonly<Record<string, string>>,
): Pick<Cloud, "auth" | "secrets"> {
  const auth = { ...all };
  const secrets: { -readonly [N in keyof CloudSecrets]: CloudSecrets[N] } = {};
  for (const name of SECRET_NAMES) {
    const value = auth[name];
    delete auth[name];
    if (value) secrets[name] = new Secret(value);
  }
  return { auth, secrets };
}

/** What the environment says of certificates. */
export function environmentTls(env: CliIo["env"]): ClientTls {
  return {
    ...(env["OS_CACERT"] && { cacert: env["OS_CACERT"] }),
    ...(/^(?:1|true|yes|on)$/i.test(env["OS_INSECURE"] ?? "") && { verify: false }),
  };
}

/** `publicURL` is how it was called before. */
export function interfacesOf(value: unknown): readonly string[] {
  const names = (Array.isArray(value) ? value : [value])
    .filter((name) => typeof name === "string")
    .map((name) => name.replace(/URL$/, ""));
  return names.length > 0 ? names : ["public"];
}

/** Logs in to Keystone (Identity v3): a token, when it expires, and where the Bare Metal service is. */
import { Agent, request } from "undici";
import {
  ApiUnreachable,
  InvalidParameterValue,
  MissingParameterValue,
  NotFound,
  messageOf,
} from "../../common/errors.ts";
import { fieldsOf, fieldsOfEach, parseJson, type Fields } from "../../common/json-fields.ts";
import { Secret } from "../../common/secret.ts";
import { tlsOptions } from "../client-tls.ts";
import { errorOfAnswer } from "../ironic-error.ts";
import type { Cloud, CloudSecrets } from "./cloud.ts";

const ANSWER_MS = 60_000;
const LARGEST_ANSWER_BYTES = 8 * 1024 * 1024;
/** FACT(service-types authority): `baremetal` is official, the other is an alias. */
const SERVICE_TYPES = ["baremetal", "bare-metal"];

export interface KeystoneLogin {
  readonly token: Secret;
  /** Milliseconds since the epoch; undefined when Keystone did not say. */
  readonly expiresAt?: number;
  readonly user?: string;
  /** Of the Bare Metal service: the cloud's own word, else the catalog's. */
  readonly endpoint: string;
}

/**
 * @param cloud with `auth_url` and what the method needs
 * @param method the identity part of the request, see `identityOf`
 * @throws {NotAuthenticated} refused; {@link NotFound} no Bare Metal service in the catalog;
 * {@link ApiUnreachable} no answer, or none that Keystone gives
 */
export async function loginToKeystone(cloud: Cloud, method: string): Promise<KeystoneLogin> {
  const url = tokensUrl(cloud);
  const body = { auth: { identity: identityOf(cloud, method), ...scopeOf(cloud, method) } };
  const { status, token, text } = await post(cloud, url, JSON.stringify(body));
  if (status !== 201) throw errorOfAnswer(status, text);
  const fields = fieldsOf(fieldsOf(parseJson(text))["token"]);
  if (typeof token !== "string" || token === "" || Object.keys(fields).length === 0)
    throw new ApiUnreachable(`what answers at ${url.origin} is no Keystone`);
  const expiresAt = Date.parse(String(fields["expires_at"]));
  const user = fieldsOf(fields["user"])["name"];
  return {
    token: new Secret(token),
    ...(Number.isFinite(expiresAt) && { expiresAt }),
    ...(typeof user === "string" && { user }),
    endpoint: cloud.endpoint ?? endpointIn(fields["catalog"], cloud),
  };
}

function tokensUrl(cloud: Cloud): URL {
  const authUrl = needed(cloud, "auth_url");
  const url = URL.canParse(authUrl) ? new URL(authUrl) : undefined;
  if (!url || !/^https?:$/.test(url.protocol))
    throw new InvalidParameterValue(`auth_url of ${cloud.name} is no URL`);
  url.pathname = `${url.pathname.replace(/\/+$/, "").replace(/\/v[23](?:\.0)?$/, "")}/v3/auth/tokens`;
  url.search = "";
  return url;
}

function identityOf(cloud: Cloud, method: string): Fields {
  const { auth } = cloud;
  if (method === "token") return { methods: ["token"], token: { id: revealed(cloud, "token") } };
  if (method === "application_credential") {
    const secret = revealed(cloud, "application_credential_secret");
    const id = auth["application_credential_id"];
    const which = id
      ? { id }
      : { name: needed(cloud, "application_credential_name"), user: userOf(cloud) };
    return { methods: [method], application_credential: { ...which, secret } };
  }
  const user = { ...userOf(cloud), password: revealed(cloud, "password") };
  return { methods: ["password"], password: { user } };
}

function userOf(cloud: Cloud): Fields {
  const { user_id: id } = cloud.auth;
  return id ? { id } : { name: needed(cloud, "username"), domain: domainOf(cloud, "user_domain") };
}

function domainOf({ auth }: Cloud, prefix: "user_domain" | "project_domain"): Fields {
  const id = auth[`${prefix}_id`] ?? auth["default_domain_id"];
  const name = auth[`${prefix}_name`] ?? auth["default_domain_name"];
  if (auth[`${prefix}_id`] || !name) return { id: id ?? "default" };
  return { name };
}

/** An application credential has its scope within. */
function scopeOf(cloud: Cloud, method: string): Fields {
  const { auth } = cloud;
  if (method === "application_credential") return {};
  if (auth["system_scope"]) return { scope: { system: { all: true } } };
  if (auth["project_id"]) return { scope: { project: { id: auth["project_id"] } } };
  if (auth["project_name"])
    return {
      scope: {
        project: { name: auth["project_name"], domain: domainOf(cloud, "project_domain") },
      },
    };
  if (auth["domain_id"]) return { scope: { domain: { id: auth["domain_id"] } } };
  if (auth["domain_name"]) return { scope: { domain: { name: auth["domain_name"] } } };
  return {};
}

async function post(
  cloud: Cloud,
  url: URL,
  body: string,
): Promise<{ status: number; token: unknown; text: string }> {
  const agent = new Agent({
    connect: tlsOptions(cloud.tls),
    headersTimeout: ANSWER_MS,
    bodyTimeout: ANSWER_MS,
    maxResponseSize: LARGEST_ANSWER_BYTES,
  });
  try {
    const answer = await request(url, {
      method: "POST",
      dispatcher: agent,
      headers: { accept: "application/json", "content-type": "application/json" },
      body,
    });
    const text = await answer.body.text();
    return { status: answer.statusCode, token: answer.headers["x-subject-token"], text };
  } catch (cause) {
    const { code } = cause as { code?: string };
    throw new ApiUnreachable(
      `cannot reach Keystone at ${url.origin}: ${messageOf(cause) || (code ?? "no answer")}`,
      { cause },
    );
  } finally {
    await agent.close();
  }
}

function endpointIn(catalog: unknown, cloud: Cloud): string {
  const services = fieldsOfEach(catalog).filter((entry) =>
    SERVICE_TYPES.includes(String(entry["type"])),
  );
  const endpoints = services.flatMap((service) => fieldsOfEach(service["endpoints"]));
  const here = endpoints.filter(
    ({ region, region_id: id }) =>
      cloud.region === undefined || region === cloud.region || id === cloud.region,
  );
  for (const name of cloud.interfaces) {
    const url = here.find((endpoint) => endpoint["interface"] === name)?.["url"];
    if (typeof url === "string") return url;
  }
  const where = cloud.region === undefined ? "" : ` in region "${cloud.region}"`;
  throw new NotFound(
    `the catalog of ${cloud.name} has no ${cloud.interfaces.join(" or ")} endpoint of a baremetal service${where}; ` +
      "give one with --url, or baremetal_endpoint_override in clouds.yaml (a token without project has no catalog)",
  );
}

function needed(cloud: Cloud, key: string): string {
  const value = cloud.auth[key];
  if (value) return value;
  throw new MissingParameterValue(`${cloud.name} has no ${key}`);
}

function revealed(cloud: Cloud, key: keyof CloudSecrets): string {
  const secret = cloud.secrets[key];
  if (secret) return secret.reveal();
  throw new MissingParameterValue(`${cloud.name} has no ${key}`);
}

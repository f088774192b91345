/**
 * A Redfish service for tests over a table of resources, as BMCs of several vendors serve them: pages,
 * $expand, ETags, actions. It keeps the rules of DSP0266 and lies where told to.
 *
 *   const bmc = await startFakeRedfish(idrac9());
 *   ... driver_info: bmc.driverInfo ...
 *   await bmc.stop();
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { startRedfishServer, type RedfishServer } from "../../helpers/redfish-server.ts";

export type Resource = { [key: string]: unknown };
export type Resources = Record<string, Resource>;

/** What a vendor's BMC has and how it behaves. */
export interface Machine {
  readonly resources: Resources;
  /** Members a page of a collection. */
  readonly pageSize?: number;
  /** Where the ETag of a resource is said; a PATCH must then bring it as If-Match. */
  readonly etagIn?: "header" | "body";
  /** Answers a POST or PATCH instead of the service; undefined leaves it to that. */
  readonly write?: (method: string, path: string, body: Resource) => Promise<Answer | undefined>;
}

export interface FakeRedfish extends RedfishServer {
  machine: Machine;
  /** `METHOD path?query` of every request, in order. */
  readonly requests: string[];
  /** Bodies of POSTs, by path. */
  readonly posted: Record<string, unknown>;
  readonly password: string;
}

/** @param machine is changed by actions; it may be replaced at any time */
export async function startFakeRedfish(machine: Machine): Promise<FakeRedfish> {
  const password = "calvin-the-tiger";
  const served = { machine, requests: [], posted: {}, password };
  const server = await startRedfishServer(password, (request, response) => {
    void serve(fake, request, response);
  });
  const fake: FakeRedfish = Object.assign(served, server);
  return fake;
}

async function serve(
  fake: FakeRedfish,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString("utf8");
  fake.requests.push(`${request.method} ${request.url}`);
  const expected = Buffer.from(`root:${fake.password}`).toString("base64");
  const [status, body, etag] =
    request.headers.authorization === `Basic ${expected}`
      ? ((await written(fake, request, text)) ?? answer(fake, request, text))
      : [401];
  response.writeHead(status, { ...(etag !== undefined && { etag }) });
  response.end(body === undefined ? "" : JSON.stringify(body));
}

export type Answer = [status: number, body?: unknown, etag?: string];

async function written(
  fake: FakeRedfish,
  { method = "", url = "/" }: IncomingMessage,
  text: string,
): Promise<Answer | undefined> {
  if (method === "GET" || !fake.machine.write) return undefined;
  const path = trimmed(new URL(url, "https://bmc").pathname);
  return fake.machine.write(method, path, text === "" ? {} : (JSON.parse(text) as Resource));
}

function answer(fake: FakeRedfish, request: IncomingMessage, text: string): Answer {
  const url = new URL(request.url ?? "/", "https://bmc");
  const path = trimmed(url.pathname);
  if (request.method === "POST") return act(fake, path, text);
  const resource = fake.machine.resources[path];
  if (!resource) return [404];
  if (request.method === "PATCH") return patch(fake, resource, request, text);
  const body = { "@odata.id": path, ...page(fake.machine, path, resource, url) };
  const etag = etagOf(resource);
  if (fake.machine.etagIn === "header") return [200, body, etag];
  return [200, fake.machine.etagIn === "body" ? { ...body, "@odata.etag": etag } : body];
}

/** A collection's part, with or without its members' bodies. */
function page(machine: Machine, path: string, resource: Resource, url: URL): Resource {
  const { Members: members } = resource;
  if (!Array.isArray(members)) return resource;
  const size = machine.pageSize ?? members.length;
  const skip = Number(url.searchParams.get("$skip") ?? 0);
  const expands = url.searchParams.has("$expand");
  const query = expands ? `$expand=${url.searchParams.get("$expand")}&` : "";
  const next = `${path}?${query}$skip=${skip + size}`;
  const shown = (members as Resource[]).slice(skip, skip + size);
  return {
    ...resource,
    "Members@odata.count": members.length,
    Members: expands && mayExpand(machine) ? shown.map((one) => opened(machine, one)) : shown,
    ...(skip + size < members.length && { "Members@odata.nextLink": next }),
  };
}

function mayExpand({ resources }: Machine): boolean {
  const features = resources["/redfish/v1"]?.["ProtocolFeaturesSupported"] as Resource | undefined;
  return features?.["ExpandQuery"] !== undefined;
}

function opened({ resources }: Machine, link: Resource): Resource {
  const path = trimmed(String(link["@odata.id"]));
  return { ...link, "@odata.id": path, ...resources[path] };
}

function patch(
  fake: FakeRedfish,
  resource: Resource,
  { headers }: IncomingMessage,
  text: string,
): Answer {
  const match = headers["if-match"];
  if (fake.machine.etagIn && match === undefined) return [428];
  if (fake.machine.etagIn && match !== etagOf(resource)) return [412];
  const { Boot: boot } = JSON.parse(text) as { Boot: Resource };
  resource["Boot"] = { ...(resource["Boot"] as Resource), ...boot };
  return [200, {}];
}

function act(fake: FakeRedfish, path: string, text: string): Answer {
  fake.posted[path] = JSON.parse(text) as unknown;
  const { resources } = fake.machine;
  const owner = Object.entries(resources).find(([, { Actions: actions }]) =>
    Object.values((actions as Resource | undefined) ?? {}).some(
      (action) => trimmed(String((action as Resource)["target"])) === path,
    ),
  );
  if (!owner) return [404];
  const [ownerPath, resource] = owner;
  if (resource["PowerState"] === undefined) {
    const entries = resources[`${ownerPath}/Entries`];
    if (entries) entries["Members"] = [];
    return [204];
  }
  const { ResetType: type } = fake.posted[path] as { ResetType: string };
  if (type !== "Nmi") resource["PowerState"] = STATE_AFTER[type] ?? "On";
  return [204];
}

const STATE_AFTER: Readonly<Record<string, string>> = {
  ForceOff: "Off",
  GracefulShutdown: "Off",
  PushPowerButton: "Off",
};

function etagOf(resource: Resource): string {
  return `W/"${JSON.stringify(resource["Boot"] ?? "").length}"`;
}

function trimmed(path: string): string {
  return path.replace(/\/+$/, "");
}

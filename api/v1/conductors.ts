/** Conductors as operators see them: who is alive, and which hardware types each one serves. */
import { ConductorNotFound, InvalidParameterValue } from "../../common/errors.ts";
import type { JsonObject } from "../../common/node.ts";
import type { Conductor, Database } from "../../db/database.ts";
import { type ApiRequest, type ApiResponse, ok, type Route } from "../route.ts";
import { type Arguments, parseBoolean, parseText, queryArguments } from "./arguments.ts";
import { linkPair, nextLink } from "./links.ts";
import { parseLimit } from "./node-query.ts";
import { timestamp } from "./timestamp.ts";

const SINCE = 49;
const FIELDS = [
  "created_at",
  "updated_at",
  "hostname",
  "conductor_group",
  "drivers",
  "links",
  "alive",
] as const;
const LIST_FIELDS = ["hostname", "conductor_group", "links", "alive"] as const;

export interface ConductorRouteDeps {
  readonly database: Database;
  readonly maxLimit: number;
  /** [conductor]heartbeat_timeout. */
  readonly heartbeatTimeoutSeconds: number;
}

export function conductorRoutes(deps: ConductorRouteDeps): Route[] {
  return [
    {
      method: "GET",
      path: "/v1/conductors",
      rule: "baremetal:conductor:get",
      since: SINCE,
      handle: (request) => list(deps, request),
    },
    {
      method: "GET",
      path: "/v1/conductors/:hostname",
      rule: "baremetal:conductor:get",
      since: SINCE,
      handle: (request) => show(deps, request),
    },
  ];
}

async function list(deps: ConductorRouteDeps, request: ApiRequest): Promise<ApiResponse> {
  const values = queryArguments(request.query, [
    "detail",
    "fields",
    "limit",
    "marker",
    "sort_key",
    "sort_dir",
  ]);
  const fields = parseFields(values);
  const detail = parseBoolean("detail", values.get("detail") ?? false);
  if (detail && fields)
    throw new InvalidParameterValue("Can't fetch a subset of fields with 'detail' set");
  const limit = parseLimit(values, deps.maxLimit);
  const rest = afterMarker(sorted(await deps.database.conductors.list(), values), values);
  const page = rest.slice(0, limit);
  const alive = await aliveNames(deps);
  const shown = fields ?? (detail ? FIELDS : LIST_FIELDS);
  const last = page.at(-1);
  return ok({
    conductors: page.map((conductor) => view(conductor, alive, request.baseUrl, shown)),
    ...(rest.length > limit &&
      last && {
        next: nextLink(request.baseUrl, "conductors", request.query, {
          limit,
          marker: last.hostname,
        }),
      }),
  });
}

async function show(deps: ConductorRouteDeps, request: ApiRequest): Promise<ApiResponse> {
  const fields = parseFields(queryArguments(request.query, ["fields"])) ?? FIELDS;
  const hostname = request.params["hostname"] ?? "";
  const found = (await deps.database.conductors.list()).find(
    (conductor) => conductor.hostname === hostname,
  );
  if (!found) throw new ConductorNotFound(hostname);
  return ok(view(found, await aliveNames(deps), request.baseUrl, fields));
}

async function aliveNames(deps: ConductorRouteDeps): Promise<Set<string>> {
  const alive = await deps.database.conductors.listAlive(deps.heartbeatTimeoutSeconds);
  return new Set(alive.map((conductor) => conductor.hostname));
}

function parseFields(values: Arguments): readonly string[] | undefined {
  const given = values.get("fields");
  if (given === undefined) return undefined;
  const names = parseText("fields", given).split(",");
  for (const name of names)
    if (!(FIELDS as readonly string[]).includes(name))
      throw new InvalidParameterValue(`Field ${name} is not a valid field.`);
  return [...new Set([...names, "links"])];
}

const SORT_KEYS: Readonly<Record<string, (conductor: Conductor) => string | number>> = {
  id: (conductor) => conductor.createdAt,
  hostname: (conductor) => conductor.hostname,
  conductor_group: (conductor) => conductor.conductorGroup,
  created_at: (conductor) => conductor.createdAt,
  updated_at: (conductor) => conductor.updatedAt,
};

function sorted(conductors: readonly Conductor[], values: Arguments): Conductor[] {
  const key = parseText("sort_key", values.get("sort_key") ?? "id");
  const direction = values.get("sort_dir") ?? "asc";
  const of = Object.hasOwn(SORT_KEYS, key) ? SORT_KEYS[key] : undefined;
  if (!of) throw new InvalidParameterValue(`The sort_key value "${key}" is invalid for sorting`);
  if (direction !== "asc" && direction !== "desc")
    throw new InvalidParameterValue(
      "Invalid sort direction: Acceptable values are 'asc' or 'desc'",
    );
  const sign = direction === "asc" ? 1 : -1;
  const before = (a: Conductor, b: Conductor): number => {
    const [left, right] = [of(a), of(b)];
    if (left !== right) return left < right ? -sign : sign;
    return a.hostname < b.hostname ? -sign : sign;
  };
  return [...conductors].sort(before);
}

function afterMarker(conductors: Conductor[], values: Arguments): Conductor[] {
  const marker = values.get("marker");
  if (marker === undefined) return conductors;
  const index = conductors.findIndex((conductor) => conductor.hostname === marker);
  if (index < 0) throw new ConductorNotFound(parseText("marker", marker));
  return conductors.slice(index + 1);
}

function view(
  conductor: Conductor,
  alive: ReadonlySet<string>,
  baseUrl: string,
  fields: readonly string[],
): JsonObject {
  const all: JsonObject = {
    created_at: timestamp(conductor.createdAt),
    updated_at: timestamp(conductor.updatedAt),
    hostname: conductor.hostname,
    conductor_group: conductor.conductorGroup,
    drivers: [...conductor.drivers],
    links: linkPair(baseUrl, `conductors/${encodeURIComponent(conductor.hostname)}`).map(
      (link) => ({
        ...link,
      }),
    ),
    alive: alive.has(conductor.hostname),
  };
  return Object.fromEntries(fields.map((name) => [name, all[name] ?? null]));
}

/**
 * The nodes collection and one node: list, show, create, update, delete, validate. Reads come from the
 * database and change nothing; every write goes through the conductor.
 */
import { InvalidParameterValue, NotAcceptable, NotFound } from "../../common/errors.ts";
import type { JsonObject, Node } from "../../common/node.ts";
import type { ConductorApi } from "../../conductor/rpcapi.ts";
import type { Database, NodeFilters } from "../../db/database.ts";
import { type ApiRequest, type ApiResponse, created, noContent, ok, type Route } from "../route.ts";
import { mandatory, parseBoolean, parseText, queryArguments, requireObject } from "./arguments.ts";
import { findNode } from "./identifiers.ts";
import { parsePatch } from "./json-patch.ts";
import { nextLink } from "./links.ts";
import { changesFromPatch, parseNodeCreation } from "./node-changes.ts";
import { DEFAULT_LIST_FIELDS } from "./node-fields.ts";
import { parseNodeFields, parseNodeQuery } from "./node-query.ts";
import { type PlacementDeps, readPlacement } from "./node-placement.ts";
import { nodeView, nodeViews } from "./node-view.ts";

const RESET_INTERFACES_SINCE = 45;

export interface NodeRouteDeps extends PlacementDeps {
  readonly conductor: ConductorApi;
  /** [api]max_limit. */
  readonly maxLimit: number;
}

export function nodeRoutes(deps: NodeRouteDeps): Route[] {
  const find = (request: ApiRequest): Promise<Node> =>
    findNode(deps.database, request.params["ident"] ?? "", request.minor);
  return [
    {
      method: "GET",
      path: "/v1/nodes",
      rule: "baremetal:node:list",
      handle: (request) => list(deps, request),
    },
    {
      method: "POST",
      path: "/v1/nodes",
      rule: "baremetal:node:create",
      handle: (request) => create(deps, request),
    },
    {
      method: "GET",
      path: "/v1/nodes/detail",
      rule: "baremetal:node:list",
      handle: (request) => list(deps, request, "detail"),
    },
    {
      method: "GET",
      path: "/v1/nodes/validate",
      rule: "baremetal:node:validate",
      handle: (request) => validateNamed(deps, request),
    },
    {
      method: "GET",
      path: "/v1/nodes/:ident",
      rule: "baremetal:node:get",
      handle: async (request) => show(deps, request, await find(request)),
    },
    {
      method: "PATCH",
      path: "/v1/nodes/:ident",
      rule: "baremetal:node:update",
      handle: async (request) => update(deps, request, await find(request)),
    },
    {
      method: "DELETE",
      path: "/v1/nodes/:ident",
      rule: "baremetal:node:delete",
      handle: async (request) => {
        queryArguments(request.query, []);
        await deps.conductor.destroyNode(request.context, (await find(request)).uuid);
        return noContent;
      },
    },
    {
      method: "GET",
      path: "/v1/nodes/:ident/validate",
      rule: "baremetal:node:validate",
      handle: async (request) => {
        queryArguments(request.query, []);
        return validate(deps, request, await find(request));
      },
    },
  ];
}

async function list(
  deps: NodeRouteDeps,
  request: ApiRequest,
  sub?: "detail",
): Promise<ApiResponse> {
  const parsed = parseNodeQuery(request.query, request.minor, deps.maxLimit, sub);
  const { limit } = parsed.list;
  const filters =
    parsed.conductor === undefined
      ? parsed.list.filters
      : await handledBy(deps, parsed.conductor, parsed.list.filters);
  /* One more than asked for tells whether a next page exists. */
  const found = await deps.database.nodes.list({
    ...parsed.list,
    ...(filters && { filters }),
    limit: limit + 1,
  });
  const page = found.slice(0, limit);
  const { minor, baseUrl } = request;
  const fields = parsed.detail ? undefined : (parsed.fields ?? DEFAULT_LIST_FIELDS);
  const nodes = await nodeViews(deps, page, { minor, baseUrl, fields });
  const last = page.at(-1);
  if (found.length <= limit || !last) return ok({ nodes });
  const path = sub ? "nodes/detail" : "nodes";
  const next = nextLink(baseUrl, path, request.query, { limit, marker: last.uuid });
  return ok({ nodes, next });
}

/** Placement is computed, not stored, so this filter becomes a list of UUIDs. */
async function handledBy(
  deps: NodeRouteDeps,
  conductor: string,
  filters: NodeFilters | undefined,
): Promise<NodeFilters> {
  const placement = await readPlacement(deps);
  const nodes = await deps.database.nodes.list(filters && { filters });
  const own = nodes.filter((node) => placement(node) === conductor);
  return { ...filters, uuids: own.map((node) => node.uuid) };
}

async function show(deps: NodeRouteDeps, request: ApiRequest, node: Node): Promise<ApiResponse> {
  const fields = parseNodeFields(queryArguments(request.query, ["fields"]), request.minor);
  return ok(await view(deps, request, node, fields));
}

function view(
  deps: NodeRouteDeps,
  request: ApiRequest,
  node: Node,
  fields?: readonly string[],
): Promise<JsonObject> {
  const { minor, baseUrl } = request;
  return nodeView(deps, node, { minor, baseUrl, fields });
}

async function create(deps: NodeRouteDeps, request: ApiRequest): Promise<ApiResponse> {
  queryArguments(request.query, []);
  const creation = parseNodeCreation(requireObject(request.body), request.minor);
  const node = await deps.conductor.createNode(request.context, creation);
  return created(`${request.baseUrl}/v1/nodes/${node.uuid}`, await view(deps, request, node));
}

async function update(deps: NodeRouteDeps, request: ApiRequest, node: Node): Promise<ApiResponse> {
  const query = queryArguments(request.query, ["reset_interfaces"]);
  const reset = query.get("reset_interfaces");
  if (reset !== undefined && request.minor < RESET_INTERFACES_SINCE)
    throw new NotAcceptable("Request not acceptable.");
  const resetInterfaces = reset !== undefined && parseBoolean("reset_interfaces", reset);
  const changes = changesFromPatch(node, parsePatch(request.body), request.minor);
  if (resetInterfaces && changes.driver === undefined)
    throw new InvalidParameterValue(
      "The reset_interfaces parameter can only be used when changing the node's driver.",
    );
  const updated = await deps.conductor.updateNode(request.context, node.uuid, changes, {
    resetInterfaces,
  });
  return ok(await view(deps, request, updated));
}

async function validateNamed(deps: NodeRouteDeps, request: ApiRequest): Promise<ApiResponse> {
  const query = queryArguments(request.query, ["node", "node_uuid"]);
  const ident = parseText("node", query.get("node_uuid") ?? mandatory(query, "node"));
  return validate(deps, request, await findNode(deps.database, ident, request.minor));
}

async function validate(
  deps: NodeRouteDeps,
  request: ApiRequest,
  node: Node,
): Promise<ApiResponse> {
  return ok(await deps.conductor.validateDriverInterfaces(request.context, node.uuid));
}

/** Any other path below a node, as upstream answers it: it takes the word for a field's name. */
export function unknownNodeSubResource(deps: { readonly database: Database }): Route {
  return {
    method: "GET",
    path: "/v1/nodes/:ident/:sub",
    rule: "baremetal:node:get",
    handle: async (request) => {
      await findNode(deps.database, request.params["ident"] ?? "", request.minor);
      const sub = request.params["sub"] ?? "";
      if (sub === "") throw new NotFound("Resource could not be found.");
      throw new InvalidParameterValue(`Field ${sub} is not a valid field.`);
    },
  };
}

/**
 * The query of a node list: which fields, which nodes, which page. One table says since when a filter
 * exists and where it goes; what is not in it is refused by name.
 */
import { InvalidParameterValue, NotAcceptable } from "../../common/errors.ts";
import type { Node } from "../../common/node.ts";
import type { NodeFilters, NodeListQuery } from "../../db/database.ts";
import { type Arguments, parseBoolean, parseInteger, queryArguments } from "./arguments.ts";
import { isUuid } from "./identifiers.ts";
import { fieldNamed } from "./node-fields.ts";

interface Filter {
  readonly since: number;
  readonly apply: (value: string, name: string) => NodeFilters;
}

const flagFilter =
  (make: (value: boolean) => NodeFilters) =>
  (value: string, name: string): NodeFilters =>
    make(parseBoolean(name, value));

const NODE_FILTERS: Readonly<Record<string, Filter>> = {
  /* Nodes here have no chassis, so none belongs to the one asked for. */
  chassis_uuid: { since: 1, apply: () => ({ uuids: [] }) },
  instance_uuid: { since: 1, apply: (value) => ({ instanceUuid: value }) },
  associated: { since: 1, apply: flagFilter((associated) => ({ associated })) },
  maintenance: { since: 1, apply: flagFilter((maintenance) => ({ maintenance })) },
  provision_state: { since: 9, apply: (value) => ({ provisionState: value }) },
  driver: { since: 16, apply: (value) => ({ driver: value }) },
  resource_class: { since: 21, apply: (value) => ({ resourceClass: value }) },
  fault: { since: 42, apply: (value) => ({ fault: value }) },
  conductor_group: { since: 46, apply: (value) => ({ conductorGroup: value.toLowerCase() }) },
  /* Not a column: see ParsedNodeQuery.conductor. */
  conductor: { since: 49, apply: () => ({}) },
  owner: { since: 50, apply: (value) => ({ owner: value }) },
  description_contains: { since: 51, apply: (value) => ({ descriptionContains: value }) },
  retired: { since: 61, apply: flagFilter((retired) => ({ retired })) },
  lessee: { since: 65, apply: (value) => ({ lessee: value }) },
  project: { since: 65, apply: (value) => ({ project: value }) },
  shard: { since: 82, apply: (value) => ({ shards: value.split(",") }) },
  sharded: { since: 82, apply: flagFilter((sharded) => ({ sharded })) },
  /* Nor has any a parent, so all are listed with or without children. */
  include_children: { since: 83, apply: flagFilter(() => ({})) },
  parent_node: { since: 83, apply: () => ({ uuids: [] }) },
};

const FIELDS_SINCE = 8;
const DETAIL_SINCE = 43;

export interface ParsedNodeQuery {
  readonly list: NodeListQuery & { readonly limit: number };
  readonly fields: readonly string[] | undefined;
  readonly detail: boolean;
  /** Only nodes that this conductor handles now. */
  readonly conductor: string | undefined;
}

/**
 * @param maxLimit [api]max_limit
 * @param sub "detail" for /nodes/detail, which takes neither `fields` nor `detail`
 * @throws {InvalidParameterValue} {@link NotAcceptable} for what the version does not have yet
 */
export function parseNodeQuery(
  query: URLSearchParams,
  minor: number,
  maxLimit: number,
  sub?: "detail",
): ParsedNodeQuery {
  const own = sub === "detail" ? [] : ["fields", "detail"];
  const values = queryArguments(query, [
    ...Object.keys(NODE_FILTERS),
    ...own,
    "limit",
    "marker",
    "sort_key",
    "sort_dir",
  ]);
  const fields = parseNodeFields(values, minor);
  const detail = sub === "detail" || parseDetail(values, minor, fields);
  const list = parseList(values, minor, maxLimit);
  return { list, fields, detail, conductor: textOf(values, "conductor") };
}

/** @returns the names of `?fields=`, or undefined without it */
export function parseNodeFields(values: Arguments, minor: number): readonly string[] | undefined {
  const given = textOf(values, "fields");
  if (given === undefined) return undefined;
  if (minor < FIELDS_SINCE) throw new NotAcceptable("Request not acceptable.");
  const names = given.split(",").map((name) => name.trim());
  for (const name of names) {
    const field = fieldNamed(name);
    if (!field) throw new InvalidParameterValue(`Field ${name} is not a valid field.`);
    if (field.since > minor) throw new NotAcceptable("Request not acceptable.");
  }
  return names;
}

function parseDetail(
  values: Arguments,
  minor: number,
  fields: readonly string[] | undefined,
): boolean {
  const given = values.get("detail");
  if (given === undefined) return false;
  if (minor < DETAIL_SINCE) throw new NotAcceptable("Request not acceptable.");
  const detail = parseBoolean("detail", given);
  if (detail && fields)
    throw new InvalidParameterValue("Can't fetch a subset of fields with 'detail' set");
  return detail;
}

function parseList(
  values: Arguments,
  minor: number,
  maxLimit: number,
): NodeListQuery & { readonly limit: number } {
  const marker = textOf(values, "marker");
  if (marker !== undefined && !isUuid(marker))
    throw new InvalidParameterValue(`Invalid marker: Expected a UUID but received ${marker}`);
  const sortKey = parseSortKey(values, minor);
  const sortDirection = textOf(values, "sort_dir") ?? "asc";
  if (sortDirection !== "asc" && sortDirection !== "desc")
    throw new InvalidParameterValue(
      `Invalid sort direction: ${sortDirection}. Acceptable values are 'asc' or 'desc'`,
    );
  return {
    filters: parseFilters(values, minor),
    limit: parseLimit(values, maxLimit),
    sortDirection,
    ...(sortKey && { sortKey }),
    ...(marker !== undefined && { marker: marker.toLowerCase() }),
  };
}

function parseFilters(values: Arguments, minor: number): NodeFilters {
  let filters: NodeFilters = {};
  for (const [name, filter] of Object.entries(NODE_FILTERS)) {
    const value = textOf(values, name);
    if (value === undefined) continue;
    if (filter.since > minor) throw new NotAcceptable("Request not acceptable.");
    filters = { ...filters, ...filter.apply(value, name) };
  }
  return filters;
}

/** @throws {InvalidParameterValue} for zero and less, as Ironic */
export function parseLimit(values: Arguments, maxLimit: number): number {
  const given = values.get("limit");
  if (given === undefined) return maxLimit;
  const limit = parseInteger("limit", given, Number.MIN_SAFE_INTEGER);
  if (limit <= 0) throw new InvalidParameterValue("Limit must be positive");
  return Math.min(limit, maxLimit);
}

function parseSortKey(values: Arguments, minor: number): keyof Node | undefined {
  const name = textOf(values, "sort_key");
  if (name === undefined || name === "id") return undefined;
  const field = fieldNamed(name);
  if (!field || !("sortable" in field))
    throw new InvalidParameterValue(`The sort_key value "${name}" is invalid for sorting`);
  if (field.since > minor) throw new NotAcceptable("Request not acceptable.");
  return field.key;
}

function textOf(values: Arguments, name: string): string | undefined {
  return values.get(name) as string | undefined;
}

/**
 * Collections of Ironic that a console service truthfully has nothing in. Stock clients and dashboards
 * ask for them in passing; an empty list keeps them working, an error would not.
 */
import type { Database } from "../../db/database.ts";
import type { PolicyRule } from "../policy.ts";
import { ok, type Route } from "../route.ts";
import { findNode } from "./identifiers.ts";

/** Path below /v1, key of the list, first minor version. */
const TOP_LEVEL: readonly (readonly [string, string, number, PolicyRule])[] = [
  ["chassis", "chassis", 1, "baremetal:chassis:get"],
  ["chassis/detail", "chassis", 1, "baremetal:chassis:get"],
  ["ports", "ports", 1, "baremetal:port:list"],
  ["ports/detail", "ports", 1, "baremetal:port:list"],
  ["portgroups", "portgroups", 23, "baremetal:port:list"],
  ["portgroups/detail", "portgroups", 23, "baremetal:port:list"],
  ["volume/connectors", "connectors", 32, "baremetal:volume:list_all"],
  ["volume/targets", "targets", 32, "baremetal:volume:list_all"],
  ["allocations", "allocations", 52, "baremetal:allocation:list"],
  ["deploy_templates", "deploy_templates", 55, "baremetal:deploy_template:get"],
];
/** The same below a node. */
const OF_NODE: readonly (readonly [string, string, number])[] = [
  ["ports", "ports", 1],
  ["ports/detail", "ports", 1],
  ["portgroups", "portgroups", 24],
  ["portgroups/detail", "portgroups", 24],
  ["volume/connectors", "connectors", 32],
  ["volume/targets", "targets", 32],
  ["vifs", "vifs", 28],
  ["traits", "traits", 37],
];

/** Any query is accepted: whatever it filters by, nothing matches. */
export function emptyCollectionRoutes(deps: { readonly database: Database }): Route[] {
  const topLevel = TOP_LEVEL.map(([path, key, since, rule]): Route => ({
    method: "GET",
    path: `/v1/${path}`,
    rule,
    since,
    handle: () => ok({ [key]: [] }),
  }));
  const ofNode = OF_NODE.map(([path, key, since]): Route => ({
    method: "GET",
    path: `/v1/nodes/:ident/${path}`,
    rule: "baremetal:node:get",
    since,
    handle: async (request) => {
      await findNode(deps.database, request.params["ident"] ?? "", request.minor);
      return ok({ [key]: [] });
    },
  }));
  return [...topLevel, ...ofNode];
}

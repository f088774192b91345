/** How a path or a body names a node: by UUID, or since 1.5 by name. */
import { NodeNotFound } from "../../common/errors.ts";
import type { Node } from "../../common/node.ts";
import type { Database } from "../../db/database.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
/** FACT(ironic api/controllers/v1/utils.py is_valid_node_name): unreserved characters of RFC 3986. */
const NODE_NAME = /^[A-Za-z0-9._~-]{1,255}$/;
/** Names of sub-resources, which would hide the node. */
const RESERVED_NAMES = new Set([
  "detail",
  "maintenance",
  "management",
  "states",
  "validate",
  "vendor_passthru",
]);
export const NAMES_SINCE = 5;

export function isUuid(text: string): boolean {
  return UUID.test(text);
}

export function isNodeName(text: string): boolean {
  return NODE_NAME.test(text) && !isUuid(text) && !RESERVED_NAMES.has(text);
}

/**
 * @param ident UUID or name; `.json` at its end is tolerated as upstream does
 * @throws {NodeNotFound} also for names with a version that has none
 */
export async function findNode(database: Database, ident: string, minor: number): Promise<Node> {
  for (const candidate of [ident, ident.replace(/\.json$/, "")]) {
    if (!isUuid(candidate) && (minor < NAMES_SINCE || !NODE_NAME.test(candidate))) continue;
    try {
      return await database.nodes.get(isUuid(candidate) ? candidate.toLowerCase() : candidate);
    } catch (error) {
      if (!(error instanceof NodeNotFound)) throw error;
    }
  }
  throw new NodeNotFound(ident);
}

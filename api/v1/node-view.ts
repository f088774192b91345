/** Stored nodes → the JSON that a caller of one microversion sees. Secrets never pass. */
import type { Json, JsonObject, Node } from "../../common/node.ts";
import { linkPair } from "./links.ts";
import { fieldNamed, NODE_FIELDS, type NodeField } from "./node-fields.ts";
import { type Placement, type PlacementDeps, readPlacement } from "./node-placement.ts";
import { maskSecrets } from "./secret-mask.ts";
import { timestamp } from "./timestamp.ts";

/** `available` got its name in 1.2; before it was null. */
const AVAILABLE_SINCE = 2;

export interface NodeViewOptions {
  readonly minor: number;
  readonly baseUrl: string;
  /** Names to show, links are always added; undefined shows everything of that version. */
  readonly fields?: readonly string[] | undefined;
}

export async function nodeViews(
  deps: PlacementDeps,
  nodes: readonly Node[],
  options: NodeViewOptions,
): Promise<JsonObject[]> {
  const chosen =
    options.fields === undefined
      ? NODE_FIELDS
      : [...new Set([...options.fields, "links"])].flatMap((name) => fieldNamed(name) ?? []);
  const shown = chosen.filter((field) => field.since <= options.minor);
  const placement = shown.some((field) => "placement" in field)
    ? await readPlacement(deps)
    : () => null;
  return nodes.map((node) =>
    Object.fromEntries(
      shown.map((field) => [field.name, valueOf(field, node, options, placement)]),
    ),
  );
}

/** The view of one node. */
export async function nodeView(
  deps: PlacementDeps,
  node: Node,
  options: NodeViewOptions,
): Promise<JsonObject> {
  const [view = {}] = await nodeViews(deps, [node], options);
  return view;
}

function valueOf(
  field: NodeField,
  node: Node,
  options: NodeViewOptions,
  placement: Placement,
): Json {
  if ("constant" in field) return field.constant;
  if ("placement" in field) return placement(node);
  if ("links" in field)
    return linkPair(options.baseUrl, `nodes/${node.uuid}${field.links}`).map((link) => ({
      ...link,
    }));
  if (field.key === "provisionState" && options.minor < AVAILABLE_SINCE)
    return node.provisionState === "available" ? null : node.provisionState;
  const value = node[field.key] as Json;
  if (field.as === "time") return timestamp(value as number | null);
  return field.as === "masked" ? maskSecrets(value as JsonObject) : value;
}

/**
 * Which columns a caller may write through createNode and updateNode, and how each is judged. The rest
 * belongs to the conductor: it is refused by name, so that no caller can switch a console on by writing
 * the row.
 */
import { InvalidParameterValue } from "../common/errors.ts";
import { INTERFACE_TYPES, type Node, type NodeChanges } from "../common/node.ts";
import { interfaceField } from "./driver-factory.ts";

type FieldKind = "text" | "boolean" | "object";

const WRITABLE: { readonly [F in keyof NodeChanges]?: FieldKind } = {
  name: "text",
  driver: "text",
  driverInfo: "object",
  properties: "object",
  extra: "object",
  instanceInfo: "object",
  instanceUuid: "text",
  networkData: "object",
  maintenance: "boolean",
  maintenanceReason: "text",
  fault: "text",
  conductorGroup: "text",
  owner: "text",
  lessee: "text",
  description: "text",
  resourceClass: "text",
  shard: "text",
  automatedClean: "boolean",
  protected: "boolean",
  protectedReason: "text",
  retired: "boolean",
  retiredReason: "text",
  ...Object.fromEntries(INTERFACE_TYPES.map((type) => [interfaceField(type), "text" as const])),
};
/** Columns that cannot be null; the others can. */
const REQUIRED = new Set<string>([
  "driver",
  "driverInfo",
  "properties",
  "extra",
  "instanceInfo",
  "networkData",
  "maintenance",
  "conductorGroup",
  "protected",
  "retired",
]);

/**
 * The writable part of what a caller sent, without what is undefined, conductor group in lower case.
 * @throws {InvalidParameterValue} for a field that callers do not write, or a value of a wrong type
 */
export function writableChanges(sent: Readonly<Record<string, unknown>>): NodeChanges {
  const changes: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(sent)) {
    if (value === undefined) continue;
    const kind = Object.hasOwn(WRITABLE, field) ? WRITABLE[field as keyof NodeChanges] : undefined;
    if (!kind) throw new InvalidParameterValue(`a node's "${field}" cannot be set by a caller`);
    if (!fits(kind, value) && (value !== null || REQUIRED.has(field)))
      throw new InvalidParameterValue(`a node's "${field}" must be ${WORDS[kind]}`);
    changes[field] =
      field === "conductorGroup" && typeof value === "string" ? value.toLowerCase() : value;
  }
  return changes;
}

const WORDS: Readonly<Record<FieldKind, string>> = {
  text: "a text",
  boolean: "true or false",
  object: "an object",
};

function fits(kind: FieldKind, value: unknown): boolean {
  if (kind === "object")
    return typeof value === "object" && value !== null && !Array.isArray(value);
  return typeof value === (kind === "text" ? "string" : "boolean");
}

/** True when the caller sends this field with another value than the row has. */
export function differs(changes: NodeChanges, node: Node, field: keyof NodeChanges): boolean {
  const sent = changes[field];
  return sent !== undefined && sent !== node[field];
}

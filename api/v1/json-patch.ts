/**
 * The subset of JSON Patch (RFC 6902) that Ironic takes: add, replace and remove, with paths of plain
 * words. Pure: works on a copy. Errors never quote values, they may be passwords.
 */
import { InvalidParameterValue, messageOf } from "../../common/errors.ts";
import type { Json, JsonObject } from "../../common/node.ts";

export interface PatchOperation {
  readonly op: "add" | "replace" | "remove";
  /** Path segments; the first is the node's attribute. */
  readonly path: readonly string[];
  readonly value?: Json;
}

/** FACT(ironic api/controllers/v1/utils.py): no dots and no `~1` escapes in a path. */
const PATH = /^(\/[\w-]+)+$/;
const MEMBERS = new Set(["op", "path", "value"]);
const MAX_OPERATIONS = 1000;

/** @throws {InvalidParameterValue} for what is not a list of add, replace and remove */
export function parsePatch(body: Json | undefined): PatchOperation[] {
  if (!Array.isArray(body))
    throw new InvalidParameterValue("Schema error for patch: it is not of type 'array'");
  if (body.length === 0)
    throw new InvalidParameterValue("Schema error for patch: it holds no operation");
  if (body.length > MAX_OPERATIONS)
    throw new InvalidParameterValue(
      `Schema error for patch: it holds more than ${MAX_OPERATIONS} operations`,
    );
  return body.map((entry, index) => parseOperation(entry, `Schema error for patch[${index}]`));
}

function parseOperation(entry: Json, where: string): PatchOperation {
  if (typeof entry !== "object" || entry === null || Array.isArray(entry))
    throw new InvalidParameterValue(`${where}: it is not of type 'object'`);
  const unknown = Object.keys(entry).filter((key) => !MEMBERS.has(key));
  if (unknown.length > 0)
    throw new InvalidParameterValue(
      `${where}: Additional properties are not allowed (${unknown.map((key) => `'${key}'`).join(", ")})`,
    );
  const { op, path, value } = entry;
  if (op !== "add" && op !== "replace" && op !== "remove")
    throw new InvalidParameterValue(`${where}: op must be one of 'add', 'replace', 'remove'`);
  if (typeof path !== "string" || !PATH.test(path))
    throw new InvalidParameterValue(`${where}: path does not match '^(/[\\w-]+)+$'`);
  const segments = path.slice(1).split("/");
  if (segments.includes("__proto__"))
    throw new InvalidParameterValue(`${where}: the path "${path}" is reserved`);
  if (op === "remove") return { op, path: segments };
  if (value === undefined)
    throw new InvalidParameterValue(`${where}: 'value' is a required property`);
  return { op, path: segments, value };
}

/**
 * @param document the attributes that a patch may touch, all present
 * @returns a patched copy; an attribute that was removed as a whole is missing
 * @throws {InvalidParameterValue} in the words of upstream's library
 */
export function applyPatch(document: JsonObject, patch: readonly PatchOperation[]): JsonObject {
  const result = structuredClone(document);
  for (const operation of patch) {
    try {
      applyOperation(result, operation);
    } catch (cause) {
      throw new InvalidParameterValue(
        `Couldn't apply patch '${describe(patch)}'. Reason: ${messageOf(cause)}`,
        { cause },
      );
    }
  }
  return result;
}

function applyOperation(document: JsonObject, operation: PatchOperation): void {
  const last = operation.path.at(-1) ?? "";
  let parent: Json = document;
  for (const segment of operation.path.slice(0, -1)) parent = memberOf(parent, segment);
  if (Array.isArray(parent)) applyToArray(parent, last, operation);
  else if (typeof parent === "object" && parent !== null) applyToObject(parent, last, operation);
  else throw new InvalidParameterValue(`'${last}' is not inside an object or a list`);
}

function memberOf(parent: Json, segment: string): Json {
  const found = Array.isArray(parent)
    ? parent[indexOf(segment, parent.length - 1)]
    : typeof parent === "object" && parent !== null && Object.hasOwn(parent, segment)
      ? parent[segment]
      : undefined;
  if (found === undefined) throw new InvalidParameterValue(`member '${segment}' not found`);
  return found;
}

function applyToObject(parent: JsonObject, key: string, operation: PatchOperation): void {
  const exists = Object.hasOwn(parent, key);
  if (!exists && operation.op !== "add")
    throw new InvalidParameterValue(`can't ${operation.op} a non-existent object '${key}'`);
  if (operation.op === "remove") delete parent[key];
  else parent[key] = structuredClone(operation.value ?? null);
}

function applyToArray(parent: Json[], key: string, operation: PatchOperation): void {
  const value = structuredClone(operation.value ?? null);
  if (operation.op === "add")
    parent.splice(key === "-" ? parent.length : indexOf(key, parent.length), 0, value);
  else if (operation.op === "replace") parent[indexOf(key, parent.length - 1)] = value;
  else parent.splice(indexOf(key, parent.length - 1), 1);
}

function indexOf(segment: string, max: number): number {
  const index = /^(?:0|[1-9]\d{0,8})$/.test(segment) ? Number(segment) : Number.NaN;
  if (Number.isNaN(index))
    throw new InvalidParameterValue(`'${segment}' is not a valid sequence index`);
  if (index > max) throw new InvalidParameterValue(`index '${segment}' is outside of the list`);
  return index;
}

/** As Python prints it, without the values. */
function describe(patch: readonly PatchOperation[]): string {
  const operations = patch.map(({ op, path }) => `{'op': '${op}', 'path': '/${path.join("/")}'}`);
  return `[${operations.join(", ")}]`;
}

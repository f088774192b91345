/**
 * What a caller sends about a node (a body to create one, a patch to change one) → what the conductor
 * is asked to store. Decides only about form; whether a change is allowed now is the conductor's.
 */
import {
  InvalidParameterValue,
  MissingParameterValue,
  NotAcceptable,
} from "../../common/errors.ts";
import type { Json, JsonObject, Node, NodeChanges } from "../../common/node.ts";
import type { NodeCreation } from "../../conductor/rpcapi.ts";
import { applyPatch, type PatchOperation } from "./json-patch.ts";
import {
  fieldNamed,
  isPatchable,
  isWritable,
  NODE_FIELDS,
  type WritableField,
} from "./node-fields.ts";
import { keepMasked, maskSealed } from "./secret-mask.ts";

/** Before 1.11 a new node was available at once. */
const ENROLL_SINCE = 11;
/** Values that a caller writes must fit; those fields hold secrets. */
const SECRET_FIELDS = new Set(["driver_info", "instance_info"]);

/**
 * @throws {InvalidParameterValue} naming every field that is not known, or the first that is wrong
 * @throws {NotAcceptable} for a field newer than the version
 */
export function parseNodeCreation(body: JsonObject, minor: number): NodeCreation {
  const unknown = Object.keys(body).filter((name) => !isWritable(fieldNamed(name)));
  if (unknown.length > 0)
    throw new InvalidParameterValue(
      `Schema error for node: Additional properties are not allowed (${unknown.map((name) => `'${name}'`).join(", ")} ${unknown.length === 1 ? "was" : "were"} unexpected)`,
    );
  if (body["driver"] === undefined)
    throw new MissingParameterValue("Schema error for node: 'driver' is a required property");
  const given: Record<string, Json> = minor < ENROLL_SINCE ? { provisionState: "available" } : {};
  for (const [name, value] of Object.entries(body)) {
    const field = fieldNamed(name);
    if (!isWritable(field)) continue;
    refuseNewer(field, minor);
    given[field.key] = parsed(field, value, undefined);
  }
  delete given["consoleEnabled"];
  return given as unknown as NodeCreation;
}

/**
 * @param node as stored now
 * @returns only the attributes that the patch touches, each as a whole
 * @throws {InvalidParameterValue} {@link NotAcceptable}
 */
export function changesFromPatch(
  node: Node,
  patch: readonly PatchOperation[],
  minor: number,
): NodeChanges {
  const touched = touchedFields(patch, minor);
  const patched = applyPatch(documentOf(node), patch);
  const changes: Record<string, Json> = {};
  for (const field of touched) {
    const value = patched[field.name];
    if (value === undefined && field.write.mandatory)
      throw new InvalidParameterValue(
        `'/${field.name}' is a mandatory attribute and can not be removed`,
      );
    changes[field.key] =
      value === undefined
        ? (field.write.removed ?? null)
        : parsed(field, value, node[field.key] as Json);
  }
  return changes;
}

function touchedFields(patch: readonly PatchOperation[], minor: number): Set<WritableField> {
  const touched = new Set<WritableField>();
  for (const { path } of patch) {
    const field = fieldNamed(path[0] ?? "");
    if (!isPatchable(field))
      throw new InvalidParameterValue(
        `Cannot patch /${path.join("/")}. Only the following can be updated: ${patchableNames().join(", ")}`,
      );
    refuseNewer(field, minor);
    touched.add(field);
  }
  return touched;
}

/** Everything a patch may touch; sealed secrets stand as asterisks, so no envelope can be moved. */
function documentOf(node: Node): JsonObject {
  return Object.fromEntries(
    NODE_FIELDS.filter(isPatchable).map((field) => {
      const value = node[field.key] as Json;
      return [field.name, SECRET_FIELDS.has(field.name) ? maskSealed(value as JsonObject) : value];
    }),
  );
}

function parsed(field: WritableField, value: Json, stored: Json | undefined): Json {
  const given = field.write.parse(field.name, value);
  return SECRET_FIELDS.has(field.name) ? keepMasked(given, stored, field.name) : given;
}

function patchableNames(): string[] {
  return NODE_FIELDS.filter(isPatchable)
    .map((field) => field.name)
    .sort();
}

function refuseNewer(field: WritableField, minor: number): void {
  if (field.since > minor) throw new NotAcceptable("Request not acceptable.");
}

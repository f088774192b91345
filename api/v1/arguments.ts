/**
 * Reads arguments of a request, from the query or the body, and refuses what it does not know: a
 * misspelt argument that is ignored would look like success. Sentences are Ironic's.
 */
import { InvalidParameterValue, MissingParameterValue } from "../../common/errors.ts";
import type { Json, JsonObject } from "../../common/node.ts";
import type { ApiRequest } from "../route.ts";

const TRUE = new Set(["1", "t", "true", "on", "y", "yes"]);
const FALSE = new Set(["0", "f", "false", "off", "n", "no"]);
const BOOLEAN_WORDS = [...TRUE, ...FALSE]
  .sort()
  .map((word) => `'${word}'`)
  .join(", ");

export type Arguments = ReadonlyMap<string, Json>;

/**
 * Arguments of the query only.
 * @throws {InvalidParameterValue} naming every argument that is not allowed or is given twice
 */
export function queryArguments(query: URLSearchParams, allowed: readonly string[]): Arguments {
  refuseUnknown([...query.keys()], allowed);
  const values = new Map<string, Json>();
  for (const [name, value] of query) {
    if (values.has(name)) throw new InvalidParameterValue(`Invalid ${name}: given more than once`);
    values.set(name, value);
  }
  return values;
}

/** Arguments of query and body together, as Ironic takes them for PUT; the body wins. */
export function requestArguments(request: ApiRequest, allowed: readonly string[]): Arguments {
  const values = new Map(queryArguments(request.query, allowed));
  if (request.body === undefined) return values;
  const body = requireObject(request.body);
  refuseUnknown(Object.keys(body), allowed);
  for (const [name, value] of Object.entries(body)) values.set(name, value);
  return values;
}

export function requireObject(body: Json | undefined): JsonObject {
  if (typeof body !== "object" || body === null || Array.isArray(body))
    throw new InvalidParameterValue("the request body must be a JSON object");
  return body;
}

function refuseUnknown(names: readonly string[], allowed: readonly string[]): void {
  const unknown = [...new Set(names.filter((name) => !allowed.includes(name)))].sort();
  if (unknown.length > 0)
    throw new InvalidParameterValue(`Unexpected arguments: ${unknown.join(", ")}`);
}

/** @throws {MissingParameterValue} */
export function mandatory(values: Arguments, name: string): Json {
  const value = values.get(name);
  if (value === undefined) throw new MissingParameterValue(`Missing mandatory parameter: ${name}`);
  return value;
}

/** Accepts the spellings of oslo_utils' bool_from_string, JSON booleans, 0 and 1; never null. */
export function parseBoolean(name: string, value: Json): boolean {
  if (typeof value === "boolean") return value;
  if (typeof value === "string" || typeof value === "number") {
    const word = String(value).trim().toLowerCase();
    if (TRUE.has(word)) return true;
    if (FALSE.has(word)) return false;
  }
  throw new InvalidParameterValue(
    `Invalid ${name}: Unrecognized value '${shown(value)}', acceptable values are: ${BOOLEAN_WORDS}`,
  );
}

export function parseText(name: string, value: Json): string {
  if (typeof value === "string") return value;
  throw new InvalidParameterValue(`Invalid ${name}: Expected a string, got '${shown(value)}'`);
}

/** Whole numbers, also as text. @param min smallest that is allowed */
export function parseInteger(name: string, value: Json, min: number): number {
  const number = typeof value === "string" && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
  if (typeof number !== "number" || !Number.isSafeInteger(number))
    throw new InvalidParameterValue(`Invalid ${name}: Expected an integer, got '${shown(value)}'`);
  if (number < min)
    throw new InvalidParameterValue(`Invalid ${name}: must be at least ${min}, got ${number}`);
  return number;
}

/** Short enough for an error, whatever was sent. */
function shown(value: Json): string {
  /* JSON has no word for the infinity that 1e400 reads as. */
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return text.length > 64 ? `${text.slice(0, 64)}...` : text;
}

/**
 * Judges a node's driver_info against a driver's JSON Schema and hands back typed options. Options of
 * other drivers in the same driver_info are ignored. Secrets are revealed to the validator alone and
 * come back as Secret objects; no value of driver_info is ever put into an error message.
 */
import { Ajv, type ErrorObject } from "ajv";
import { isIP } from "node:net";
import { isAbsolute } from "node:path";
import { InvalidParameterValue, MissingParameterValue } from "../common/errors.ts";
import type { Json } from "../common/node.ts";
import { Secret } from "../common/secret.ts";
import type { DriverInfo, DriverInfoSchema } from "./base.ts";

/** Formats that schemas may name, beyond draft-07's vocabulary. */
const FORMATS = {
  /** IPv4 or IPv6 literal (brackets allowed) or host name, without port. */
  "host-address": isHostAddress,
  "absolute-path": (text: string): boolean => isAbsolute(text) && !text.includes("\0"),
  /** 64 hexadecimal digits, colons allowed between pairs. */
  "sha256-fingerprint": (text: string): boolean => /^(?:[0-9a-f]{2}:?){31}[0-9a-f]{2}$/i.test(text),
} as const;

const FORMAT_WORDS: Readonly<Record<string, string>> = {
  "host-address": "an IP address or a host name, without a port",
  "absolute-path": "an absolute path",
  "sha256-fingerprint": "a SHA-256 fingerprint of 64 hexadecimal digits",
};

/**
 * Compiles a schema once.
 * @returns a function from driver_info to options: defaults filled in, numbers and booleans given as
 *   text converted (the stock client sends "5900" or 5900 alike), options marked `secret` as Secret
 * @throws {Error} when the schema itself does not compile
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the schema vouches for the type
export function driverInfoParser<TOptions>(
  schema: DriverInfoSchema,
): (driverInfo: DriverInfo) => TOptions {
  const ajv = new Ajv({ allErrors: true, useDefaults: true, allowUnionTypes: true });
  ajv.addKeyword("secret");
  ajv.addKeyword("errorHint");
  for (const [name, validate] of Object.entries(FORMATS)) ajv.addFormat(name, { validate });
  const validate = ajv.compile<Record<string, Json>>(schema);
  return (driverInfo) => {
    const candidate = pickOptions(schema, driverInfo);
    if (!validate(candidate)) throw explain(schema, validate.errors ?? []);
    return wrapSecrets(schema, candidate) as TOptions;
  };
}

/**
 * The same for one use.
 * @throws {MissingParameterValue} naming every required option that is missing or empty
 * @throws {InvalidParameterValue} naming every option whose value does not fit
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the schema vouches for the type
export function parseDriverInfo<TOptions>(
  schema: DriverInfoSchema,
  driverInfo: DriverInfo,
): TOptions {
  return driverInfoParser<TOptions>(schema)(driverInfo);
}

/** Option name to description, for `getProperties()`. */
export function describeOptions(schema: DriverInfoSchema): Record<string, string> {
  const required = new Set(schema.required);
  return Object.fromEntries(
    Object.entries(schema.properties).map(([name, { description }]) => [
      name,
      `${description} ${required.has(name) ? "Required." : "Optional."}`,
    ]),
  );
}

function pickOptions(schema: DriverInfoSchema, driverInfo: DriverInfo): Record<string, Json> {
  const picked: Record<string, Json> = {};
  for (const [name, rules] of Object.entries(schema.properties)) {
    if (!Object.hasOwn(driverInfo, name)) continue;
    const given = driverInfo[name];
    const value = given instanceof Secret ? given.reveal() : given;
    // As in Ironic, an option that is null or empty was not given.
    if (value === undefined || value === null || value === "") continue;
    picked[name] = coerce(value, rules["type"]);
  }
  return picked;
}

function coerce(value: Json, type: unknown): Json {
  const types: unknown[] = Array.isArray(type) ? type : [type];
  if (typeof value === "string") {
    if (types.includes("boolean") && /^(true|false)$/i.test(value))
      return value.toLowerCase() === "true";
    if ((types.includes("integer") || types.includes("number")) && /^\s*\d{1,15}\s*$/.test(value))
      return Number(value);
  }
  if (typeof value === "number" && types.includes("string") && !types.includes("integer"))
    return String(value);
  return value;
}

function wrapSecrets(schema: DriverInfoSchema, options: Record<string, Json>): DriverInfo {
  const wrapped: Record<string, Json | Secret> = { ...options };
  for (const [name, rules] of Object.entries(schema.properties)) {
    const value = options[name];
    if (rules.secret && typeof value === "string") wrapped[name] = new Secret(value);
  }
  return wrapped;
}

function explain(schema: DriverInfoSchema, errors: readonly ErrorObject[]): InvalidParameterValue {
  const missing = errors
    .filter((error) => error.keyword === "required" && error.instancePath === "")
    .map((error) => (error.params as { missingProperty: string }).missingProperty);
  if (missing.length > 0)
    return new MissingParameterValue(
      `Missing the following properties in node's driver_info: ${missing.sort().join(", ")}`,
    );
  const sentences = new Set(errors.map((error) => sentenceOf(schema, error)));
  return new InvalidParameterValue(`Invalid driver_info: ${[...sentences].join("; ")}`);
}

function sentenceOf(schema: DriverInfoSchema, error: ErrorObject): string {
  const option = error.instancePath.split("/")[1] ?? "";
  if (option === "") return error.message ?? "it does not fit the schema";
  const expects = schema.properties[option]?.["errorHint"];
  if (typeof expects === "string") return `${option} must be ${expects}`;
  const params = error.params as { format?: string; allowedValues?: unknown[] };
  if (error.keyword === "format")
    return `${option} must be ${FORMAT_WORDS[params.format ?? ""] ?? params.format}`;
  if (error.keyword === "enum")
    return `${option} must be one of ${params.allowedValues?.join(", ")}`;
  return `${option} ${error.message}`;
}

function isHostAddress(text: string): boolean {
  if (isIP(text.replace(/^\[(.*)\]$/, "$1")) !== 0) return true;
  if (text.length > 253 || /^[\d.]+$/.test(text)) return false;
  return text.split(".").every((label) => /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/i.test(label));
}

/**
 * The kinds of values a caller may give a node's fields. Each takes what JSON or a command line gives
 * (the stock client sends `--protected` as the string "True") and returns what is stored.
 */
import { InvalidParameterValue } from "../../common/errors.ts";
import type { Json } from "../../common/node.ts";
import { parseBoolean, parseText } from "./arguments.ts";
import { isNodeName, isUuid } from "./identifiers.ts";
import { refuseSealed } from "./secret-mask.ts";
import { refuseUnstorable } from "./storable.ts";

/** @throws {InvalidParameterValue} naming the field */
export type FieldParser = (name: string, value: Json) => Json;

export function text(maxLength: number): FieldParser {
  return (name, value) => {
    const given = parseText(name, value);
    if (given.length > maxLength)
      throw new InvalidParameterValue(`Invalid ${name}: longer than ${maxLength} characters`);
    return given;
  };
}

export function orNull(parser: FieldParser): FieldParser {
  return (name, value) => (value === null ? null : parser(name, value));
}

export const nonEmptyText: FieldParser = (name, value) => {
  const given = text(255)(name, value);
  if (given === "") throw new InvalidParameterValue(`Invalid ${name}: must not be empty`);
  return given;
};

export const flag: FieldParser = parseBoolean;

export const uuid: FieldParser = (name, value) => {
  const given = parseText(name, value);
  if (!isUuid(given))
    throw new InvalidParameterValue(`Invalid ${name}: Expected a UUID but received ${given}`);
  return given.toLowerCase();
};

export const nodeName: FieldParser = (name, value) => {
  const given = parseText(name, value);
  if (!isNodeName(given))
    throw new InvalidParameterValue(`Invalid ${name}: '${given}' is not a valid node name`);
  return given;
};

/** FACT(ironic conductor groups): letters, digits, `_`, `-`, `.`; not case-sensitive. */
export const conductorGroup: FieldParser = (name, value) => {
  const given = parseText(name, value).toLowerCase();
  if (!/^[a-z0-9._-]{0,255}$/.test(given))
    throw new InvalidParameterValue(
      `Invalid ${name}: only letters, digits, '_', '-' and '.' are allowed`,
    );
  return given;
};

export const object: FieldParser = (name, value) => {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new InvalidParameterValue(`Invalid ${name}: Expected a JSON object`);
  refuseUnstorable(value, name);
  refuseSealed(value, name);
  return value;
};

/** FACT(ironic node schema): `console_enabled` may be given at creation, but only enabling sets it. */
export const onlyFalse: FieldParser = (name, value) => {
  if (value === null || !parseBoolean(name, value)) return false;
  throw new InvalidParameterValue(
    `Invalid ${name}: create the node first, then enable its console`,
  );
};

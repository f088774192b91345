/**
 * KEY=VALUE arguments of the client commands. VALUE is JSON where it can be, else text. `@FILE` reads
 * it from a file and `@-` from standard input, so that passwords stay out of the process list;
 * `@@` begins a text with one @.
 */
import { readFileSync } from "node:fs";
import { InvalidParameterValue, messageOf } from "../common/errors.ts";
import type { Json } from "../common/node.ts";

const SECRET_KEY = /passw|secret|token/i;
const STANDARD_INPUT = 0;

/** @throws {InvalidParameterValue} naming the argument, never its value */
export function parseAssignments(args: readonly string[]): Record<string, Json> {
  const values: Record<string, Json> = Object.create(null);
  for (const argument of args) {
    const equals = argument.indexOf("=");
    const key = argument.slice(0, Math.max(0, equals));
    if (key === "")
      throw new InvalidParameterValue("wanted is KEY=VALUE, a part before = is missing");
    values[key] = valueOf(key, argument.slice(equals + 1));
  }
  return values;
}

function valueOf(key: string, text: string): Json {
  if (text.startsWith("@@")) return text.slice(1);
  if (text.startsWith("@")) return readValue(key, text.slice(1));
  /* A password of digits is a text all the same. */
  if (SECRET_KEY.test(key)) return text;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

function readValue(key: string, file: string): string {
  try {
    return readFileSync(file === "-" ? STANDARD_INPUT : file, "utf8").replace(/\r?\n$/, "");
  } catch (cause) {
    throw new InvalidParameterValue(`${key}: cannot read "${file}": ${messageOf(cause)}`, {
      cause,
    });
  }
}

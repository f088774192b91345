/** Findings of the JSON Schema validator in the words of who wrote the file. */
import type { ErrorObject } from "ajv";
import { patternMistake } from "./pattern.ts";
import { selectorMistake } from "./selector.ts";
import type { SourceMistake, SourcePath, YamlSource } from "./yaml-source.ts";
import { spellPath } from "./yaml-source.ts";

/** How a finding's own words begin: nothing of an `if`, a `not` or a map's names is said twice. */
const UNSAID = new Set(["if", "propertyNames"]);

export function mistakesOf(
  errors: readonly ErrorObject[],
  source: YamlSource,
): readonly SourceMistake[] {
  return errors
    .filter(({ keyword }) => !UNSAID.has(keyword))
    .map((error) => {
      const path = pathOf(error.instancePath, source.value);
      const key = keyOf(error);
      const line = key === undefined ? source.lineOf(path) : source.lineOfKey(path, key);
      return { line, message: `${spellPath(path) || "the recipe"} ${wordsOf(error)}` };
    });
}

/** JSON pointer → path; what indexes an array becomes a number. */
function pathOf(pointer: string, value: unknown): SourcePath {
  let at = value;
  return pointer
    .split("/")
    .slice(1)
    .map((part) => {
      const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
      const step = Array.isArray(at) ? Number(key) : key;
      at = (at as Record<string | number, unknown>)[step];
      return step;
    });
}

function keyOf({ keyword, params, propertyName }: ErrorObject): string | undefined {
  if (keyword === "additionalProperties") return params["additionalProperty"] as string;
  return propertyName;
}

function wordsOf(error: ErrorObject): string {
  const { keyword, params, data, parentSchema, propertyName } = error;
  const hint = parentSchema?.["hint"] as string | undefined;
  if (propertyName !== undefined)
    return `has the key ${quoted(propertyName)}, which must be ${hint}`;
  switch (keyword) {
    case "required":
      return `needs ${params["missingProperty"]}`;
    case "dependencies":
      return `has ${params["property"]}, which needs ${params["deps"]}`;
    case "additionalProperties":
      return `does not know ${quoted(params["additionalProperty"])}; it knows ${knownTo(parentSchema)}`;
    case "enum":
      return `must be one of ${(params["allowedValues"] as unknown[]).map(quoted).join(", ")}`;
    case "type":
      return `must be ${TYPES[params["type"] as string] ?? String(params["type"])}`;
    case "format":
      return formatWords(params["format"] as string, data);
    default:
      return hint === undefined ? (error.message ?? "is not valid") : `must be ${hint}`;
  }
}

function formatWords(format: string, data: unknown): string {
  const judge = FORMATS[format];
  return (typeof data === "string" && judge?.(data)) || `is no ${format}`;
}

/** Formats of the schema → what is wrong with a text, if something is. */
export const FORMATS: Readonly<Record<string, (text: string) => string | undefined>> = {
  selector: selectorMistake,
  pattern: patternMistake,
};

const TYPES: Readonly<Record<string, string>> = {
  string: "a text",
  array: "a list",
  object: "a map",
  integer: "a whole number",
  number: "a number",
  boolean: "true or false",
};

function knownTo(schema: Record<string, unknown> | undefined): string {
  return Object.keys(schema?.["properties"] ?? {}).join(", ");
}

function quoted(value: unknown): string {
  return JSON.stringify(value).slice(0, 80);
}

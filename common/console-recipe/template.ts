/**
 * Texts with `{names}` in them, and where the values of names come from. Knows nothing of secrets: who
 * fills in decides what becomes of the result.
 */

/** What every recipe may name. `basic` is the value of a Basic Authorization header without the word. */
export const GIVEN_NAMES = [
  "username",
  "password",
  "basic",
  "host",
  "port",
  "origin",
  /* 64 hexadecimal digits, new in each session: for BMCs that want a key from us. */
  "random",
] as const;
/** Those that show the password. */
export const PASSWORD_NAMES: readonly string[] = ["password", "basic"];

export const NAME_PATTERN = "^[a-z][a-z0-9_]{0,31}$";
const PLACEHOLDER = /\{([a-z][a-z0-9_]{0,31})\}/g;

/** The names in a text, each once. Braces around anything else are just braces. */
export function namesIn(text: string): readonly string[] {
  return [...new Set(Array.from(text.matchAll(PLACEHOLDER), ([, name]) => name ?? ""))];
}

/** @param value gets a name, and where in the text its placeholder begins */
export function fillIn(text: string, value: (name: string, at: number) => string): string {
  return text.replaceAll(PLACEHOLDER, (_whole, name: string, at: number) => value(name, at));
}

/** Every text in a JSON value, keys included. */
export function textsIn(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  if (Array.isArray(value)) return value.flatMap(textsIn);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, one]) => [key, ...textsIn(one)]);
}

/** The same JSON value with every text in it, but no key, put through `change`. */
export function mapTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return value.map((one) => mapTexts(one, change));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, mapTexts(one, change)]),
  );
}

/** In the answer of a fetch. */
export type AnswerSource =
  | { readonly from: "json"; readonly path: readonly string[] }
  | { readonly from: "header"; readonly name: string }
  | { readonly from: "body"; readonly pattern: string };
/** On the page. */
export type PageSource =
  | { readonly from: "cookie"; readonly name: string }
  | { readonly from: "text"; readonly selector: string }
  | { readonly from: "attribute"; readonly name: string; readonly selector: string }
  | { readonly from: "local_storage"; readonly key: string }
  | { readonly from: "session_storage"; readonly key: string };
export type ValueSource = AnswerSource | PageSource;

export function isAnswerSource(source: ValueSource): source is AnswerSource {
  return source.from === "json" || source.from === "header" || source.from === "body";
}

/** @returns undefined for what is none */
export function parseValueSource(text: string): ValueSource | undefined {
  const [, from = "", rest] = /^([a-z_]+):(.+)$/s.exec(text) ?? [];
  if (rest === undefined) return undefined;
  switch (from) {
    case "json":
      return { from, path: rest.split(".") };
    case "header":
      return { from, name: rest.toLowerCase() };
    case "body":
      return { from, pattern: rest };
    case "cookie":
      return { from, name: rest };
    case "text":
      return { from, selector: rest };
    case "attribute": {
      const [, name, selector] = /^(\S+) (.+)$/s.exec(rest) ?? [];
      return name !== undefined && selector !== undefined ? { from, name, selector } : undefined;
    }
    case "local_storage":
    case "session_storage":
      return { from, key: rest };
    default:
      return undefined;
  }
}

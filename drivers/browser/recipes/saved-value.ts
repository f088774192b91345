/** Finds what a `save` names, in a page or in an answer. All of it is the BMC's word: bounded, never run. */
import { matchPattern } from "../../../common/console-recipe/pattern.ts";
import { isAnswerSource, parseValueSource } from "../../../common/console-recipe/template.ts";
import type { FetchAnswer, KioskPage } from "../kiosk/page.ts";

/** @returns undefined when there is nothing there */
export async function pageValue(page: KioskPage, text: string): Promise<string | undefined> {
  const source = parseValueSource(text);
  if (!source || isAnswerSource(source)) return undefined;
  switch (source.from) {
    case "cookie":
      return page.cookie(source.name);
    case "text":
      return (await page.text(source.selector))?.trim();
    case "attribute":
      return page.attribute(source.selector, source.name);
    case "local_storage":
      return page.localStorage(source.key);
    case "session_storage":
      return page.sessionStorage(source.key);
  }
}

export function answerValue(answer: FetchAnswer, text: string): string | undefined {
  const source = parseValueSource(text);
  if (!source || !isAnswerSource(source)) return undefined;
  switch (source.from) {
    case "header":
      return Object.hasOwn(answer.headers, source.name) ? answer.headers[source.name] : undefined;
    case "body": {
      const found = matchPattern(source.pattern, answer.body);
      return found?.[1] ?? found?.[0];
    }
    case "json":
      return jsonValue(answer.body, source.path);
  }
}

function jsonValue(body: string, path: readonly string[]): string | undefined {
  let found: unknown;
  try {
    found = JSON.parse(body);
  } catch {
    return undefined;
  }
  found = valueAt(found, path);
  return ["string", "number", "boolean"].includes(typeof found) ? String(found) : undefined;
}

/** What is at a path of names and indices; a name with a dot in it is found too. */
export function valueAt(value: unknown, path: readonly string[]): unknown {
  if (path.length === 0) return value;
  if (typeof value !== "object" || value === null) return undefined;
  for (let length = 1; length <= path.length; length++) {
    const name = path.slice(0, length).join(".");
    if (!Object.hasOwn(value, name)) continue;
    const found = valueAt((value as Record<string, unknown>)[name], path.slice(length));
    if (found !== undefined) return found;
  }
  return undefined;
}

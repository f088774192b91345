/**
 * The JSON Schema (draft-07) of a recipe's YAML form. What a schema cannot say (names that nobody set,
 * selectors that cannot be read) is in check-recipe.ts. `hint` completes the sentence "X must be …".
 */
import { START_FAILURES } from "../console-prelude.ts";
import { NAME_PATTERN } from "./template.ts";

const TEXT = { type: "string", minLength: 1, maxLength: 4096 };
const SELECTOR = { ...TEXT, maxLength: 512, format: "selector" };
const PATTERN = { ...TEXT, maxLength: 1024, format: "pattern" };
const SECONDS = { type: "number", minimum: 0, maximum: 300 };
const PATH = {
  ...TEXT,
  pattern: "^(?:/(?!/)|\\{[a-z][a-z0-9_]*\\})[^\\s\\\\]*$",
  hint: "a path of the BMC, beginning with / or with a {name} that holds one",
};
/* What happens before there is a page, or needs no recipe to know. */
const RULED = Object.keys(START_FAILURES).filter((name) => !["browser", "queue"].includes(name));
const FAILURE = { type: "string", enum: RULED };

function map(
  properties: Readonly<Record<string, unknown>>,
  required: readonly string[] = [],
  more: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return { type: "object", additionalProperties: false, properties, required, ...more };
}

function list(items: unknown, more: Readonly<Record<string, unknown>> = {}): object {
  return { type: "array", items, maxItems: 64, ...more };
}

function names(value: unknown, pattern?: string): object {
  return {
    type: "object",
    maxProperties: 32,
    additionalProperties: value,
    ...(pattern !== undefined && {
      propertyNames: { pattern, hint: "a name of small letters, digits and _" },
    }),
  };
}

const CONDITION = map(
  {
    selector: SELECTOR,
    ready: { const: true, hint: "true, or left out" },
    text: PATTERN,
    url: PATTERN,
    cookie: TEXT,
    local_storage: TEXT,
  },
  [],
  { minProperties: 1, dependencies: { ready: ["selector"] } },
);
const FAILURE_RULE = map({ when: CONDITION, failure: FAILURE }, ["when", "failure"]);
const FAILURE_RULES = list(FAILURE_RULE);

const FETCH = map(
  {
    method: { type: "string", enum: ["GET", "POST", "PUT", "PATCH", "DELETE"] },
    path: PATH,
    headers: names({ type: "string", maxLength: 4096 }, "^[A-Za-z0-9-]{1,64}$"),
    form: names({ type: "string", maxLength: 4096 }),
    json: {},
    failures: list(
      map(
        {
          status: { type: "integer", minimum: 100, maximum: 599 },
          body: PATTERN,
          failure: FAILURE,
        },
        ["failure"],
        { minProperties: 2, hint: "a failure with a status, a body, or both" },
      ),
    ),
    save: names(TEXT, NAME_PATTERN),
  },
  ["path"],
  { not: { required: ["form", "json"] }, hint: "a request with form or json, not both" },
);

/** Each step is a map of one key, its kind. */
const STEP = {
  ...map(
    {
      goto: PATH,
      wait: map(
        { any: list(CONDITION, { minItems: 1 }), failures: FAILURE_RULES, within: SECONDS },
        ["any"],
      ),
      fill: map({ selector: SELECTOR, value: { type: "string", maxLength: 4096 } }, [
        "selector",
        "value",
      ]),
      click: SELECTOR,
      press: { type: "string", pattern: "^(?:[A-Z][A-Za-z0-9]{0,31}|[!-~])$", hint: "a key" },
      select: map({ selector: SELECTOR, value: TEXT }, ["selector", "value"]),
      open_window: PATH,
      follow_window: map({ within: SECONDS }),
      fetch: FETCH,
      save: { ...names(TEXT, NAME_PATTERN), minProperties: 1 },
      set_cookie: map({ name: TEXT, value: { type: "string", maxLength: 4096 } }, [
        "name",
        "value",
      ]),
      set_local_storage: map({ key: TEXT, value: { type: "string", maxLength: 4096 } }, [
        "key",
        "value",
      ]),
      if: map(
        {
          when: CONDITION,
          within: SECONDS,
          // oxlint-disable-next-line unicorn/no-thenable -- a word of recipes, never a function
          then: { type: "array", minItems: 1, maxItems: 64, items: { $ref: "#/definitions/step" } },
        },
        ["when", "then"],
      ),
      jnlp: map(
        {
          path: PATH,
          replace: list(
            map({ match: PATTERN, with: { type: "string", maxLength: 1024 } }, ["match", "with"]),
          ),
        },
        ["path"],
      ),
    },
    [],
    { minProperties: 1, maxProperties: 1, hint: 'a map of one step, for example {click: "#go"}' },
  ),
};

const STEPS = { type: "array", maxItems: 64, items: { $ref: "#/definitions/step" } };
const SIZE = { type: "integer", minimum: 16, maximum: 8192 };

export const RECIPE_SCHEMA = map(
  {
    name: {
      type: "string",
      pattern: "^[a-z0-9][a-z0-9-]{0,63}$",
      hint: "small letters, digits and -",
    },
    title: { ...TEXT, maxLength: 100 },
    family: { type: "string", pattern: "^[a-z0-9-]{1,32}$", hint: "small letters, digits and -" },
    priority: { type: "integer", minimum: -100, maximum: 100 },
    firmware: { ...TEXT, maxLength: 200 },
    type: { type: "string", enum: ["viewer", "jnlp"] },
    recognise: list(
      map(
        {
          redfish: { ...names(PATTERN), minProperties: 1 },
          page: map({ path: { ...PATH, pattern: "^/(?!/)[^\\s\\\\]*$" }, matches: PATTERN }, [
            "path",
            "matches",
          ]),
          server: PATTERN,
        },
        [],
        { minProperties: 1 },
      ),
      { maxItems: 16 },
    ),
    login: STEPS,
    viewer: { ...STEPS, minItems: 1 },
    picture: map({
      selector: SELECTOR,
      minimum_width: SIZE,
      minimum_height: SIZE,
      within: SECONDS,
      failures: FAILURE_RULES,
    }),
    logout: STEPS,
    quirks: map({
      width: { ...SIZE, minimum: 320 },
      height: { ...SIZE, minimum: 240 },
      minimum_tls: { type: "string", enum: ["1.0", "1.1", "1.2", "1.3"] },
      user_agent: { ...TEXT, maxLength: 256 },
      ports: list({ type: "integer", minimum: 1, maximum: 65_535 }, { maxItems: 16 }),
      dialogs: { type: "string", enum: ["accept", "dismiss"] },
      allowed_paths: list(PATTERN, { maxItems: 16 }),
      keep_alive: map({ path: PATH, every: { type: "integer", minimum: 5, maximum: 3600 } }, [
        "path",
        "every",
      ]),
      lists_sessions: { type: "boolean" },
    }),
  },
  ["name", "title", "family", "recognise", "login", "viewer", "picture"],
  { definitions: { step: STEP } },
);

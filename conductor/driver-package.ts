/**
 * Loads a third party's console driver: an npm package named in enabled_console_interfaces. Naming it
 * is enabling it; nothing is scanned. Every refusal names the package, what was expected and what was
 * found, because its reader is an operator whose service does not start.
 */
import { createRequire, isBuiltin } from "node:module";
import { isAbsolute, join } from "node:path";
import { pathToFileURL } from "node:url";
import { Ajv } from "ajv";
import { DriverLoadError, messageOf } from "../common/errors.ts";
import {
  DRIVER_API_VERSION,
  type ConsoleDriverModule,
  type ConsoleInterface,
} from "../drivers/base.ts";

/** FACT(npm docs, package.json "name"): optional scope, lower case, URL-safe, no leading dot. */
const PACKAGE_NAME = /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/;
const INTERFACE_NAME = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
const VERBS = ["getProperties", "validate", "startConsole", "stopConsole", "getConsole"] as const;

/**
 * @param folder from whose node_modules (or those above it) the package is taken: the configuration file's
 * @param builtIn names of the console interfaces that need no package, for the message
 * @throws {DriverLoadError}
 */
export async function importDriverPackage(
  packageName: string,
  folder: string,
  builtIn: readonly string[],
): Promise<ConsoleDriverModule> {
  const file = resolvePackage(packageName, folder, builtIn);
  let loaded: { default?: unknown };
  try {
    loaded = (await import(pathToFileURL(file).href)) as { default?: unknown };
  } catch (cause) {
    throw refusal(packageName, `a module that loads`, `${messageOf(cause)} (${file})`, cause);
  }
  return checkDriverModule(packageName, loaded.default);
}

function resolvePackage(name: string, folder: string, builtIn: readonly string[]): string {
  const choices = `one of ${builtIn.join(", ")}, or an installed npm package`;
  if (!PACKAGE_NAME.test(name) || isBuiltin(name))
    throw refusal(name, choices, "a name that is neither");
  try {
    const file = createRequire(join(folder, "driver-packages.cjs")).resolve(name);
    if (isAbsolute(file)) return file;
  } catch (cause) {
    const reason = messageOf(cause).split("\n")[0] ?? "";
    throw refusal(name, choices, `no such package from ${folder}: ${reason}`, cause);
  }
  throw refusal(name, choices, "a module of Node.js");
}

/**
 * Judges the default export of a driver package before anything of it runs.
 * @throws {DriverLoadError}
 */
export function checkDriverModule(packageName: string, exported: unknown): ConsoleDriverModule {
  if (typeof exported !== "object" || exported === null)
    throw refusal(packageName, "a default export { name, apiVersion, … }", kindOf(exported));
  const module = exported as Partial<Record<keyof ConsoleDriverModule, unknown>>;
  if (module.apiVersion !== DRIVER_API_VERSION)
    throw refusal(packageName, `apiVersion ${DRIVER_API_VERSION}`, show(module.apiVersion));
  if (module.interfaceType !== "console")
    throw refusal(packageName, `interfaceType "console"`, show(module.interfaceType));
  if (typeof module.name !== "string" || !INTERFACE_NAME.test(module.name))
    throw refusal(packageName, "a name of lower-case words joined by hyphens", show(module.name));
  if (typeof module.create !== "function")
    throw refusal(packageName, "a function create", kindOf(module.create));
  checkSchema(packageName, module.schema);
  return exported as ConsoleDriverModule;
}

/** Judges what `create` returned. @throws {DriverLoadError} */
export function checkConsoleInterface(packageName: string, made: unknown): ConsoleInterface {
  if (typeof made !== "object" || made === null)
    throw refusal(packageName, "create to return an object with the console verbs", kindOf(made));
  const verbs = made as Record<string, unknown>;
  const missing = VERBS.filter((verb) => typeof verbs[verb] !== "function");
  if (missing.length > 0)
    throw refusal(packageName, `the verbs ${VERBS.join(", ")}`, `no ${missing.join(", ")}`);
  if (verbs["checkConsole"] !== undefined && typeof verbs["checkConsole"] !== "function")
    throw refusal(
      packageName,
      "checkConsole to be a function or absent",
      kindOf(verbs["checkConsole"]),
    );
  return made as ConsoleInterface;
}

function checkSchema(packageName: string, schema: unknown): void {
  if (typeof schema !== "object" || schema === null)
    throw refusal(packageName, "a JSON Schema of its driver_info options", kindOf(schema));
  const { type, properties } = schema as { type?: unknown; properties?: unknown };
  if (type !== "object" || typeof properties !== "object" || properties === null)
    throw refusal(packageName, `a schema of type "object" with properties`, show(type));
  for (const [option, rules] of Object.entries(properties as Record<string, unknown>)) {
    const description = (rules as { description?: unknown } | null)?.description;
    if (typeof description !== "string")
      throw refusal(packageName, `a description of option "${option}"`, kindOf(description));
  }
  try {
    new Ajv({ strict: false, validateFormats: false, logger: false }).compile(schema);
  } catch (cause) {
    throw refusal(packageName, "a schema that compiles", messageOf(cause), cause);
  }
}

function refusal(
  packageName: string,
  expected: string,
  found: string,
  cause?: unknown,
): DriverLoadError {
  return new DriverLoadError(
    `"${packageName}" in enabled_console_interfaces is not usable: expected ${expected}, found ${found}`,
    { cause },
  );
}

function kindOf(value: unknown): string {
  if (value === undefined) return "nothing";
  return value === null ? "null" : `a ${typeof value}`;
}

function show(value: unknown): string {
  return value === undefined ? "nothing" : (JSON.stringify(value) ?? kindOf(value));
}

/**
 * Makes the frozen Config from defaults, file, environment and command line, in this order, and
 * reports every mistake at once. Nothing else in this project reads the environment for options.
 */
import { readFileSync } from "node:fs";
import { homedir, hostname } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { ConfigInvalid, messageOf } from "../errors.ts";
import { parseIni } from "./ini.ts";
import type { Option, OptionGroup } from "./option.ts";
import { OPTIONS, type Config } from "./options.ts";
import { parseOptionValue } from "./value.ts";

export interface ConfigSources {
  readonly file?: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** What the command line sets, by `group.name`; wins over everything. */
  readonly overrides?: Readonly<Record<string, string>>;
}

type Values = Record<string, Record<string, unknown>>;

const ENVIRONMENT_NAME = /^OS_([A-Z0-9_]+?)__([A-Z0-9_]+)$/;

/** @throws {ConfigInvalid} with every mistake found in all sources */
export function loadConfig(sources: ConfigSources = {}): Config {
  const mistakes: string[] = [];
  const values: Values = {};
  const set = (group: string, name: string, text: string, where: string): void => {
    const option = findOption(group, name);
    if (!option) {
      mistakes.push(`${where}: there is no option [${group}]${name}`);
      return;
    }
    const parsed = parseOptionValue(option, text);
    if ("mistake" in parsed) mistakes.push(`${where}: [${group}]${name} ${parsed.mistake}`);
    else (values[group] ??= {})[name] = parsed.value;
  };

  if (sources.file !== undefined) readFileInto(sources.file, set, mistakes);
  for (const [key, text] of Object.entries(sources.environment ?? {})) {
    const match = ENVIRONMENT_NAME.exec(key);
    const group = match?.[1] && groupOfEnvironment(match[1]);
    if (group && match[2] && text !== undefined)
      set(group, match[2].toLowerCase(), text, `environment variable ${key}`);
  }
  for (const [key, text] of Object.entries(sources.overrides ?? {})) {
    const dot = key.indexOf(".");
    set(key.slice(0, dot), key.slice(dot + 1), text, "command line");
  }
  if (mistakes.length > 0) throw new ConfigInvalid(mistakes);
  return finish(values, sources.environment ?? {});
}

function readFileInto(
  file: string,
  set: (group: string, name: string, text: string, where: string) => void,
  mistakes: string[],
): void {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    mistakes.push(`cannot read the configuration file "${file}": ${messageOf(cause)}`);
    return;
  }
  const parsed = parseIni(text);
  mistakes.push(...parsed.mistakes.map((mistake) => `${file} ${mistake}`));
  for (const entry of parsed.entries)
    set(entry.group, entry.name, entry.value, `${file} line ${entry.line}`);
}

function findOption(group: string, name: string): Option | undefined {
  const options: OptionGroup | undefined = Object.hasOwn(OPTIONS, group)
    ? OPTIONS[group as keyof Config]
    : undefined;
  return options && Object.hasOwn(options, name) ? options[name] : undefined;
}

/** OS_API__PORT → api. A group we do not have is somebody else's variable, not a mistake. */
function groupOfEnvironment(upper: string): string | undefined {
  return Object.keys(OPTIONS).find((group) => group.toUpperCase() === upper);
}

/** Fills defaults, makes paths absolute, derives what is empty by default. */
function finish(values: Values, environment: Readonly<Record<string, string | undefined>>): Config {
  const given = values["DEFAULT"]?.["state_path"];
  const statePath = resolve(
    typeof given === "string" && given !== "" ? given : defaultStatePath(environment),
  );
  const config: Values = {};
  for (const [group, options] of Object.entries(OPTIONS as Record<string, OptionGroup>)) {
    const filled: Record<string, unknown> = {};
    for (const [name, option] of Object.entries(options)) {
      const value = values[group]?.[name] ?? option.default;
      filled[name] = option.type === "path" ? absolute(value as string, statePath) : value;
    }
    config[group] = filled;
  }
  const defaults = config["DEFAULT"] ?? {};
  defaults["state_path"] = statePath;
  defaults["host"] ||= hostname();
  const database = config["database"] ?? {};
  database["connection"] ||= `sqlite://${join(statePath, "baremetal-console.sqlite")}`;
  for (const group of Object.values(config)) Object.freeze(group);
  return Object.freeze(config) as unknown as Config;
}

function absolute(path: string, statePath: string): string {
  return path === "" || isAbsolute(path) ? path : join(statePath, path);
}

function defaultStatePath(environment: Readonly<Record<string, string | undefined>>): string {
  const base = environment["XDG_STATE_HOME"];
  const root = base && isAbsolute(base) ? base : join(homedir(), ".local", "state");
  return join(root, "baremetal-console");
}

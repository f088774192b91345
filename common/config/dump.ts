/**
 * Shows an effective configuration in the form of the file it could be read from, or as JSON, with
 * secrets masked. It must never print a secret: passwords inside URLs are masked too.
 */
import { SECRET_MASK } from "../secret.ts";
import { OPTIONS, type Config } from "./options.ts";
import type { Option, OptionTable } from "./option.ts";

type ShownValue = string | number | boolean | readonly string[];
type Shown = Record<string, Record<string, ShownValue>>;

/** Parameters of a connection URL that are shown; libpq takes passwords there too. */
const HARMLESS_PARAMETERS = new Set(["host", "port", "dbname", "sslmode", "application_name"]);

/**
 * @param options `changesFrom` leaves out what equals that configuration
 * @returns values by group and name, secrets masked
 */
export function shownConfig(config: Config, options: { changesFrom?: Config } = {}): Shown {
  const shown: Shown = {};
  for (const [group, table] of Object.entries(OPTIONS as OptionTable)) {
    const values = valuesOf(config, group);
    const usual = options.changesFrom && valuesOf(options.changesFrom, group);
    for (const [name, option] of Object.entries(table)) {
      const value = values[name] ?? "";
      if (usual && iniValue(usual[name] ?? "") === iniValue(value)) continue;
      (shown[group] ??= {})[name] = masked(option, value);
    }
  }
  return shown;
}

/** @returns text in the form of the configuration file */
export function dumpConfig(config: Config, options: { changesFrom?: Config } = {}): string {
  const groups = Object.entries(shownConfig(config, options)).map(
    ([group, values]) =>
      `[${group}]\n${Object.entries(values)
        .map(([name, value]) => `${name} = ${iniValue(value)}\n`)
        .join("")}`,
  );
  return groups.join("\n");
}

/** The text from which `parseIni` and `parseOptionValue` make this value again. */
export function iniValue(value: ShownValue): string {
  if (Array.isArray(value)) return value.join(",");
  const text = String(value);
  return /^\s|\s$|^(["']).*\1$/.test(text) ? `"${text}"` : text;
}

function masked(option: Option, value: ShownValue): ShownValue {
  if (option.type !== "string" || typeof value !== "string" || value === "") return value;
  if (option.secret === "whole") return SECRET_MASK;
  return option.secret === "url" ? maskedUrl(value) : value;
}

/** A URL with its password and unknown parameters masked; all of it when it is not understood. */
function maskedUrl(text: string): string {
  if (/^sqlite:\/\/[^?]*$/.test(text)) return text;
  if (!URL.canParse(text)) return SECRET_MASK;
  const url = new URL(text);
  if (url.hash !== "") return SECRET_MASK;
  const shown = [...url.searchParams].map(([name, value]) =>
    HARMLESS_PARAMETERS.has(name) ? `${name}=${value}` : `${name}=${SECRET_MASK}`,
  );
  const user = url.username === "" ? "" : `${url.username}:${SECRET_MASK}@`;
  const query = shown.length > 0 ? `?${shown.join("&")}` : "";
  return `${url.protocol}//${user}${url.host}${url.pathname}${query}`;
}

function valuesOf(config: Config, group: string): Readonly<Record<string, ShownValue>> {
  return config[group as keyof Config];
}

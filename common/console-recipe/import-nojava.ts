/**
 * Makes recipes of a nojava-ipmi-kvm configuration (0.9 and later, YAML): one of each template, and of each
 * host that differs from its template. Says what has no counterpart; reads no file.
 *
 * FACT(sciapp/nojava-ipmi-kvm README and config.py): the keys, their meanings and defaults.
 */
import { stringify } from "yaml";
import { fieldsOf, type Fields } from "../json-fields.ts";
import { InvalidParameterValue } from "../errors.ts";
import { printable } from "../printable.ts";
import { spellMistake } from "./read-recipe.ts";
import { nojavaForm } from "./nojava-form.ts";
import { readYaml } from "./yaml-source.ts";

export interface ImportedRecipe {
  readonly name: string;
  /** YAML. */
  readonly text: string;
}

export interface NojavaImport {
  readonly recipes: readonly ImportedRecipe[];
  /** What could not be taken over, and what to do instead; a line each. */
  readonly notes: readonly string[];
}

/** What belongs to a host and not to its pages. */
const OF_HOST = new Set(["based_on", "full_hostname", "login_user", "allow_insecure_ssl"]);

/** @throws {InvalidParameterValue} for what is no such configuration */
export function importNojava(text: string): NojavaImport {
  const { value, mistakes } = readYaml(text);
  if (mistakes.length > 0)
    throw new InvalidParameterValue(
      ["the file is not valid:", ...mistakes.map(spellMistake)].join("\n  "),
    );
  const { templates, hosts, general } = fieldsOf(value);
  if (templates === undefined && hosts === undefined)
    throw new InvalidParameterValue(
      "the file has neither templates nor hosts: it is no configuration of nojava-ipmi-kvm 0.9 or later",
    );
  const size = fieldsOf(general)["x_resolution"];
  const recipes: ImportedRecipe[] = [];
  const notes: string[] = [];
  const add = (name: string, settings: Fields): void => {
    const made = nojavaForm(recipeName(name), settings, size);
    recipes.push({ name: made.form.name, text: stringify(made.form, { lineWidth: 0 }) });
    notes.push(...made.notes.map((note) => `${made.form.name}: ${note}`));
  };
  for (const [name, settings] of Object.entries(fieldsOf(templates))) add(name, fieldsOf(settings));
  for (const [name, given] of Object.entries(fieldsOf(hosts))) {
    const host = fieldsOf(given);
    const basis = typeof host["based_on"] === "string" ? host["based_on"] : undefined;
    const template = basis === undefined ? undefined : fieldsOf(templates)[basis];
    if (basis !== undefined && template === undefined)
      notes.push(`host ${printable(name)}: its template "${printable(basis)}" is not there`);
    const own = Object.keys(host).some((key) => !OF_HOST.has(key));
    const needsOwn = own || template === undefined;
    if (needsOwn) add(name, { ...fieldsOf(template), ...host });
    notes.push(
      hostNote(name, recipeName(needsOwn ? name : (basis ?? name)), {
        ...fieldsOf(template),
        ...host,
      }),
    );
  }
  return { recipes, notes: notes.map((note) => printable(note, 400)) };
}

function hostNote(name: string, recipe: string, settings: Fields): string {
  const { full_hostname: address = name, login_user: user = "ADMIN" } = settings;
  const insecure =
    settings["allow_insecure_ssl"] === true
      ? ", and web_tls_fingerprint (its certificate was not checked)"
      : "";
  return `host ${name}: set in its node's driver_info web_address=${String(address)}, web_username=${String(user)}, web_password, console_recipe=${recipe}${insecure}`;
}

function recipeName(name: string): string {
  const made = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "");
  return made.slice(0, 64) || "imported";
}

/**
 * Looks a recipe over for what works and is still wrong: words on what its author probably forgot.
 * A recipe with findings can be used.
 */
import { readForm } from "./read-recipe.ts";
import { namesIn, PASSWORD_NAMES, textsIn } from "./template.ts";
import type { RecipeForm } from "./to-recipe.ts";
import { savedBy, stepsOf, templatesOf } from "./walk.ts";
import { spellPath, type SourceMistake, type SourcePath, type YamlSource } from "./yaml-source.ts";

export interface RecipeFindings {
  readonly name: string | undefined;
  /** What keeps it from being used. */
  readonly mistakes: readonly SourceMistake[];
  /** What one should look at. */
  readonly warnings: readonly SourceMistake[];
}

export function lintRecipe(text: string): RecipeFindings {
  const { form, source, mistakes } = readForm(text);
  return {
    name: form?.name,
    mistakes,
    warnings: form ? warningsOf(form, source).toSorted((a, b) => a.line - b.line) : [],
  };
}

type Say = (path: SourcePath, message: string) => void;

function warningsOf(form: RecipeForm, source: YamlSource): SourceMistake[] {
  const warnings: SourceMistake[] = [];
  const say: Say = (path, message) => {
    const where = spellPath(path) || "the recipe";
    warnings.push({ line: source.lineOf(path), message: `${where} ${message}` });
  };
  lookAtNames(form, say);
  lookAtRequests(form, say);
  lookAtFailures(form, say);
  lookAtRecognition(form, say);
  if ((form.logout ?? []).length === 0)
    say([], "has no logout: each start leaves a session on the BMC, until they are all taken");
  if (form.firmware === undefined) say([], "does not say for which firmware it was written");
  return warnings;
}

function lookAtNames(form: RecipeForm, say: Say): void {
  const steps = [...stepsOf(form)];
  const used = new Set(
    steps
      .flatMap(({ step }) => templatesOf(step))
      .map(({ text }) => text)
      .concat(form.quirks?.keep_alive?.path ?? "")
      .flatMap(namesIn),
  );
  for (const { path, kind, step } of steps)
    for (const name of Object.keys(savedBy(step)))
      if (!used.has(name))
        say(kind === "fetch" ? [...path, "save", name] : [...path, name], "is never used");
  for (const name of ["username", "password"])
    if (!used.has(name) && !used.has("basic")) say(["login"], `never uses {${name}}`);
}

function lookAtRequests(form: RecipeForm, say: Say): void {
  for (const { path, step } of stepsOf(form)) {
    const sent = textsIn([step.fetch?.form, step.fetch?.json]).flatMap(namesIn);
    if (step.fetch?.method === "GET" && sent.length > 0)
      say(path, "is a GET with a body, which browsers refuse to send");
    const kept = namesIn(step.set_local_storage?.value ?? step.set_cookie?.value ?? "");
    if (kept.some((name) => PASSWORD_NAMES.includes(name)))
      say(path, "keeps the password in the browser for longer than the login");
  }
}

function lookAtFailures(form: RecipeForm, say: Say): void {
  const told = new Set<string>((form.picture.failures ?? []).map(({ failure }) => failure));
  for (const { step } of stepsOf(form))
    for (const { failure } of [...(step.wait?.failures ?? []), ...(step.fetch?.failures ?? [])])
      told.add(failure);
  for (const [failure, words] of Object.entries(WANTED_FAILURES))
    if (!told.has(failure))
      say([], `never finds out that ${words}: no rule has failure: ${failure}`);
}

const WANTED_FAILURES = {
  wrong_password: "the password is wrong",
  sessions_taken: "all sessions of the BMC are taken",
};

function lookAtRecognition({ recognise, priority }: RecipeForm, say: Say): void {
  if (recognise.length === 0)
    say(["recognise"], "is empty: only nodes that name this recipe as console_recipe use it");
  for (const [index, one] of recognise.entries()) {
    const patterns = textsIn([Object.values(one.redfish ?? {}), one.page?.matches, one.server]);
    if (patterns.every((pattern) => /^\^?(?:\.[*+]?)*\$?$/.test(pattern)) && (priority ?? 0) >= 0)
      say(["recognise", index], "holds of everything");
    const same = recognise.findIndex((other) => JSON.stringify(other) === JSON.stringify(one));
    if (same < index) say(["recognise", index], `is never reached: it says what [${same}] says`);
  }
}

/** What a schema cannot say of a recipe, and without which it cannot work. Style is lint-recipe.ts's. */
import { patternMistake } from "./pattern.ts";
import { selectorMistake } from "./selector.ts";
import {
  GIVEN_NAMES,
  isAnswerSource,
  namesIn,
  parseValueSource,
  PASSWORD_NAMES,
} from "./template.ts";
import type { RecipeForm } from "./to-recipe.ts";
import { savedBy, stepsOf, templatesOf, type PlacedStep } from "./walk.ts";
import { spellPath, type SourceMistake, type SourcePath, type YamlSource } from "./yaml-source.ts";

export function checkForm(form: RecipeForm, source: YamlSource): readonly SourceMistake[] {
  const mistakes: SourceMistake[] = [];
  const say = (path: SourcePath, message: string): void => {
    mistakes.push({ line: source.lineOf(path), message: `${spellPath(path)} ${message}` });
  };
  const known = new Set<string>(GIVEN_NAMES);
  for (const placed of stepsOf(form)) {
    checkNames(placed, known, say);
    checkSources(placed, say);
    for (const name of Object.keys(savedBy(placed.step))) known.add(name);
  }
  const keepAlive = form.quirks?.keep_alive;
  if (keepAlive) checkPathNames(["quirks", "keep_alive", "path"], keepAlive.path, known, say);
  checkType(form, say);
  return mistakes;
}

type Say = (path: SourcePath, message: string) => void;

function checkNames({ path, step }: PlacedStep, known: ReadonlySet<string>, say: Say): void {
  for (const { text, isPath } of templatesOf(step)) {
    if (isPath) checkPathNames(path, text, known, say);
    else checkKnown(path, text, known, say);
  }
}

function checkPathNames(
  path: SourcePath,
  text: string,
  known: ReadonlySet<string>,
  say: Say,
): void {
  checkKnown(path, text, known, say);
  for (const name of namesIn(text))
    if (PASSWORD_NAMES.includes(name))
      say(path, `has {${name}} in an address, where logs and histories keep it; send it in a body`);
  const first = /^\{([a-z0-9_]+)\}/.exec(text)?.[1];
  if (
    first !== undefined &&
    first !== "origin" &&
    (GIVEN_NAMES as readonly string[]).includes(first)
  )
    say(path, `begins with {${first}}, which is no path of the BMC`);
}

function checkKnown(path: SourcePath, text: string, known: ReadonlySet<string>, say: Say): void {
  for (const name of namesIn(text))
    if (!known.has(name))
      say(
        path,
        `uses {${name}}, which no step before it saves; there are ${[...known].join(", ")}`,
      );
}

function checkSources({ path, kind, step }: PlacedStep, say: Say): void {
  for (const [name, text] of Object.entries(savedBy(step))) {
    const at = kind === "fetch" ? [...path, "save", name] : [...path, name];
    if ((GIVEN_NAMES as readonly string[]).includes(name))
      say(at, "is a name that is always there");
    const source = parseValueSource(text);
    const fits = source && isAnswerSource(source) === (kind === "fetch");
    if (!fits) say(at, `must be ${kind === "fetch" ? OF_ANSWER : OF_PAGE}`);
    else if (source.from === "body") tell(patternMistake(source.pattern));
    else if ("selector" in source) tell(selectorMistake(source.selector));

    function tell(mistake: string | undefined): void {
      if (mistake !== undefined) say(at, mistake);
    }
  }
}

const OF_ANSWER = "json:a.b, header:name or body:PATTERN";
const OF_PAGE =
  "cookie:NAME, text:SELECTOR, attribute:NAME SELECTOR, local_storage:KEY or session_storage:KEY";

function checkType(form: RecipeForm, say: Say): void {
  const files = [...stepsOf(form)].filter(({ kind }) => kind === "jnlp");
  if (form.type === "jnlp") {
    if (!files.some(({ phase }) => phase === "viewer"))
      say(["viewer"], "needs a jnlp step, because the type is jnlp");
    if (files.length > 1) say(files[1]?.path ?? [], "is a second jnlp step; one is enough");
  } else {
    for (const { path } of files) say(path, "needs type: jnlp");
    if (form.picture.selector === undefined) say(["picture"], "needs selector");
  }
}

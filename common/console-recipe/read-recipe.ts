/**
 * Reads a recipe's YAML text. Says everything that is wrong with it at once, each with its line:
 * `line 12: login[2].fill needs selector`. Reads no file, and never half of a recipe.
 */
import { Ajv, type ValidateFunction } from "ajv";
import { InvalidParameterValue } from "../errors.ts";
import { printable } from "../printable.ts";
import { checkForm } from "./check-recipe.ts";
import type { Recipe } from "./recipe.ts";
import { RECIPE_SCHEMA } from "./schema.ts";
import { FORMATS, mistakesOf } from "./schema-words.ts";
import { toRecipe, type RecipeForm } from "./to-recipe.ts";
import { readYaml, type SourceMistake, type YamlSource } from "./yaml-source.ts";

const MISTAKES_LIMIT = 50;

export interface ReadRecipe {
  /** Undefined when there is a mistake. */
  readonly recipe: Recipe | undefined;
  /** In the order of their lines. */
  readonly mistakes: readonly SourceMistake[];
}

/** @param judge who reads many recipes makes it once */
export function readRecipe(text: string, judge: RecipeJudge = recipeJudge()): ReadRecipe {
  const { form, mistakes } = readForm(text, judge);
  return { recipe: form && toRecipe(form), mistakes };
}

/** @throws {InvalidParameterValue} with every mistake, in one line; `where` names the file */
export function parseRecipe(text: string, where = "the recipe"): Recipe {
  const { recipe, mistakes } = readRecipe(text);
  if (recipe) return recipe;
  throw new InvalidParameterValue(
    `${where} is not valid: ${mistakes.map(spellMistake).join("; ")}`,
  );
}

export function spellMistake({ line, message }: SourceMistake): string {
  return `line ${line}: ${message}`;
}

/** The YAML form itself, for who wants to know more of it. */
export function readForm(
  text: string,
  judge: RecipeJudge = recipeJudge(),
): {
  readonly form: RecipeForm | undefined;
  readonly source: YamlSource;
  readonly mistakes: readonly SourceMistake[];
} {
  const source = readYaml(text);
  if (source.mistakes.length > 0) return { form: undefined, source, mistakes: source.mistakes };
  const found = judge(source.value)
    ? checkForm(source.value as RecipeForm, source)
    : mistakesOf(judge.errors ?? [], source);
  const mistakes = found
    .toSorted((a, b) => a.line - b.line)
    .slice(0, MISTAKES_LIMIT)
    .map(({ line, message }) => ({ line, message: printable(message, 400) }));
  return {
    form: mistakes.length === 0 ? (source.value as RecipeForm) : undefined,
    source,
    mistakes,
  };
}

export type RecipeJudge = ValidateFunction;

/** The compiled schema; takes some 30 ms. */
export function recipeJudge(): RecipeJudge {
  const ajv = new Ajv({ allErrors: true, verbose: true });
  ajv.addKeyword("hint");
  for (const [name, mistake] of Object.entries(FORMATS))
    ajv.addFormat(name, (text: string) => mistake(text) === undefined);
  return ajv.compile(RECIPE_SCHEMA);
}

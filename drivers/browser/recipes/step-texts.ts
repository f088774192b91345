/** The texts of a step that may hold names. */
import type { RecipeStep } from "../../../common/console-recipe/recipe.ts";
import { textsIn } from "../../../common/console-recipe/template.ts";

export function textsOfStep(step: RecipeStep): readonly string[] {
  if ("target" in step) return [step.target];
  if ("value" in step) return [step.value];
  if (step.kind === "jnlp") return [step.path, ...step.replace.map((one) => one.with)];
  if (step.kind !== "fetch") return [];
  const { path, headers, form, json } = step.request;
  return [path, ...textsIn([headers, form, json])];
}

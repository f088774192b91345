/** A step in one line for logs and for who writes recipes: as the recipe says it, never with a value. */
import type { PageCondition, RecipeStep } from "../../../common/console-recipe/recipe.ts";
import { printable } from "../../../common/printable.ts";

export function describeStep(step: RecipeStep): string {
  return printable(`${step.kind} ${detailOf(step)}`.trimEnd(), 120);
}

function detailOf(step: RecipeStep): string {
  switch (step.kind) {
    case "goto":
    case "open_window":
      return step.target;
    case "wait":
      return step.any.map(describeCondition).join(" or ");
    case "fill":
    case "select":
    case "click":
      return step.selector;
    case "press":
      return step.key;
    case "follow_window":
      return "";
    case "fetch":
      return `${step.request.method} ${step.request.path}`;
    case "save":
      return Object.keys(step.values).join(", ");
    case "set_cookie":
      return step.name;
    case "set_local_storage":
      return step.key;
    case "if":
      return describeCondition(step.condition);
    case "jnlp":
      return step.path;
  }
}

function describeCondition(condition: PageCondition): string {
  return Object.entries(condition)
    .map(([what, value]) => (value === true ? what : `${what} ${value}`))
    .join(" and ");
}

/** What a recipe's request carries, and how it is called. */
import type { RecipeFetch } from "../../../common/console-recipe/recipe.ts";

export function bodyOf(request: RecipeFetch): {
  readonly body: string | null;
  readonly type: string | null;
} {
  if (request.form !== undefined) {
    const body = new URLSearchParams(request.form).toString();
    return { body, type: "application/x-www-form-urlencoded" };
  }
  if (request.json !== undefined)
    return { body: JSON.stringify(request.json), type: "application/json" };
  return { body: null, type: null };
}

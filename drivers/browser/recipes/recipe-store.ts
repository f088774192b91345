/**
 * The recipes that a conductor knows: those that come with the service, and the operator's of
 * `[browser]recipe_dir`, which replace shipped ones of the same name. It is the desk's RecipeBook:
 *
 *     const store = new RecipeStore({ folder: config.browser.recipe_dir, log });
 *     store.find("hpe-ilo5");            store.read(yamlText);
 *     await store.recognise({ settings, family: "ilo", dial, signal });
 *
 * Looks for changed files whenever it is asked: it holds no timer and no watcher.
 */
import { CaFiles } from "../../../common/ca-files.ts";
import { parseRecipe } from "../../../common/console-recipe/read-recipe.ts";
import { RecipeFolder, shippedRecipeFolder } from "../../../common/console-recipe/recipe-folder.ts";
import type { Recipe } from "../../../common/console-recipe/recipe.ts";
import { printable } from "../../../common/printable.ts";
import { InvalidParameterValue, type Logger } from "../../base.ts";
import type { DialDestination } from "../gate/gate.ts";
import type { BrowserSettings } from "../options.ts";
import { askBmc } from "./ask-bmc.ts";
import { namesOf, recogniseBmc } from "./recognise.ts";

export interface RecipeStoreOptions {
  /** The operator's own; absolute, need not be there. */
  readonly folder: string;
  readonly log: Logger;
  readonly shippedFolder?: string;
}

export interface RecogniseQuestion {
  readonly settings: BrowserSettings;
  /** Only recipes of this family; undefined takes any. */
  readonly family: string | undefined;
  readonly dial: DialDestination;
  readonly signal: AbortSignal;
}

export class RecipeStore {
  /** Later ones replace earlier ones. */
  readonly #folders: readonly RecipeFolder[];
  readonly #caFiles = new CaFiles();

  constructor({ folder, log, shippedFolder = shippedRecipeFolder() }: RecipeStoreOptions) {
    const warn = (file: string, reason: string): void => {
      log.warn("a recipe cannot be used", { file, reason });
    };
    this.#folders = [shippedFolder, folder].map((one) => new RecipeFolder(one, warn));
  }

  /** Sorted by name. */
  list(): readonly Recipe[] {
    const byName = new Map<string, Recipe>();
    for (const folder of this.#folders)
      for (const { recipe } of folder.read()) byName.set(recipe.name, recipe);
    return [...byName.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** @throws {InvalidParameterValue} when there is none of this name, naming those that there are */
  find(name: string): Recipe {
    const recipes = this.list();
    const found = recipes.find((recipe) => recipe.name === name);
    if (found) return found;
    throw new InvalidParameterValue(
      `console_recipe "${printable(name)}" is none of ${namesOf(recipes)}`,
    );
  }

  /** @throws {InvalidParameterValue} with every mistake and its line */
  read(text: string): Recipe {
    return parseRecipe(text);
  }

  /**
   * The one that recognises this BMC, which is asked without logging in to its page.
   * @throws {PageError} `unsupported_firmware` when none or several would do, with what was seen
   */
  async recognise({ settings, family, dial, signal }: RecogniseQuestion): Promise<Recipe> {
    const candidates = this.list().filter((recipe) => (family ?? recipe.family) === recipe.family);
    const seen = await askBmc({ settings, dial, signal, candidates, caFiles: this.#caFiles });
    return recogniseBmc(candidates, seen, signal);
  }
}

/**
 * The recipes of one folder, `*.yaml`. Read again when a file changes; a file that is not valid any more
 * keeps what it said before. Trusts only files that not everybody can write. Reads at once, without
 * waiting: the files are few and small, and a node's options are judged without waiting too.
 */
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { messageOf } from "../errors.ts";
import { packageRoot } from "../package-root.ts";
import { readRecipe, recipeJudge, spellMistake, type RecipeJudge } from "./read-recipe.ts";
import type { Recipe } from "./recipe.ts";
import { SOURCE_LIMIT_BYTES } from "./yaml-source.ts";

const FILES_LIMIT = 500;

/** Those that come with the service; the same from sources, `dist` and an installed copy. */
export function shippedRecipeFolder(): string {
  return join(packageRoot(), "drivers", "browser", "recipes");
}

export interface RecipeFile {
  readonly recipe: Recipe;
  /** Absolute path. */
  readonly file: string;
  readonly text: string;
}

interface KnownFile {
  readonly version: string;
  readonly good: RecipeFile | undefined;
}

export class RecipeFolder {
  readonly #folder: string;
  readonly #onProblem: (file: string, message: string) => void;
  #known = new Map<string, KnownFile>();
  #folderProblem = "";
  #judge: RecipeJudge | undefined;

  /** @param onProblem told once of each version of a file that cannot be used */
  constructor(folder: string, onProblem: (file: string, message: string) => void) {
    this.#folder = folder;
    this.#onProblem = onProblem;
  }

  /** By name, sorted. A folder that is not there has none. */
  read(): readonly RecipeFile[] {
    const known = new Map<string, KnownFile>();
    for (const file of this.#files()) known.set(file, this.#look(file, this.#known.get(file)));
    const byName = new Map<string, RecipeFile>();
    for (const [file, { good, version }] of known) {
      if (!good) continue;
      const first = byName.get(good.recipe.name);
      if (!first) byName.set(good.recipe.name, good);
      else if (this.#known.get(file)?.version !== version)
        this.#onProblem(file, `has the name "${good.recipe.name}", as ${first.file} has`);
    }
    this.#known = known;
    return [...byName.values()].toSorted((a, b) => (a.recipe.name < b.recipe.name ? -1 : 1));
  }

  #files(): readonly string[] {
    try {
      const names = readdirSync(this.#folder).filter((name) => /^[^.].*\.ya?ml$/.test(name));
      refuseOpen(statSync(this.#folder).mode & ~STICKY);
      this.#folderProblem = "";
      return names
        .toSorted()
        .slice(0, FILES_LIMIT)
        .map((name) => join(this.#folder, name));
    } catch (error) {
      const problem = (error as NodeJS.ErrnoException).code === "ENOENT" ? "" : messageOf(error);
      if (problem !== "" && problem !== this.#folderProblem) this.#onProblem(this.#folder, problem);
      this.#folderProblem = problem;
      return [];
    }
  }

  #look(file: string, known: KnownFile | undefined): KnownFile {
    let version = "";
    let handle: number | undefined;
    try {
      // O_NONBLOCK: a pipe that has the name of a recipe must not keep us waiting.
      handle = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
      const facts = fstatSync(handle);
      version = `${facts.mtimeMs} ${facts.size} ${facts.ino} ${facts.mode}`;
      if (version === known?.version) return known;
      if (!facts.isFile()) throw new Error("is no file");
      refuseOpen(facts.mode);
      const bytes = Buffer.alloc(SOURCE_LIMIT_BYTES + 1);
      const length = readSync(handle, bytes);
      this.#judge ??= recipeJudge();
      const text = bytes.toString("utf8", 0, length);
      return { version, good: recipeOf(file, text, this.#judge) };
    } catch (error) {
      version ||= messageOf(error);
      if (version !== known?.version) this.#onProblem(file, messageOf(error));
      return { version, good: known?.good };
    } finally {
      if (handle !== undefined) closeSync(handle);
    }
  }
}

const STICKY = 0o1000;
const OTHERS_WRITE = 0o002;

function refuseOpen(mode: number): void {
  if ((mode & OTHERS_WRITE) !== 0)
    throw new Error("may be written by anyone, who could then learn BMC passwords: chmod o-w");
}

function recipeOf(file: string, text: string, judge: RecipeJudge): RecipeFile {
  const { recipe, mistakes } = readRecipe(text, judge);
  if (!recipe) throw new Error(`is not valid: ${mistakes.map(spellMistake).join("; ")}`);
  return { recipe, file, text };
}

/**
 * Which recipe a BMC needs, from what it says of itself. Asks for a page or the manager only when a recipe
 * needs it, and once. What the BMC says is hostile: it is matched in bounded time, escaped in messages.
 */
import { matchesPattern } from "../../../common/console-recipe/pattern.ts";
import type { Recipe, Recognition } from "../../../common/console-recipe/recipe.ts";
import { printable } from "../../../common/printable.ts";
import { throwIfAborted } from "../../lib/deadline.ts";
import { PageError } from "../../base.ts";
import type { GetPage, ProbedPage } from "./probe-page.ts";
import { valueAt } from "./saved-value.ts";

export interface SeenBmc {
  /** JSON of the Redfish service root; undefined without one. */
  readonly serviceRoot: unknown;
  /** JSON of the first Redfish manager; resolves with undefined without one. */
  readonly manager: () => Promise<unknown>;
  readonly getPage: GetPage;
}

/** @throws {PageError} `unsupported_firmware` when none or several would do, with what was seen */
export async function recogniseBmc(
  recipes: readonly Recipe[],
  seen: SeenBmc,
  signal: AbortSignal,
): Promise<Recipe> {
  const once = new AskedOnce(seen, signal);
  const holding: Recipe[] = [];
  for (const recipe of recipes.toSorted((a, b) => b.priority - a.priority)) {
    /* What is of less weight than a recipe that holds need not be asked for. */
    if (holding.some(({ priority }) => priority > recipe.priority)) break;
    if (await anyHolds(recipe.recognise, once)) holding.push(recipe);
  }
  const [found, ...others] = holding;
  if (found && others.length === 0) return found;
  const said = await once.description();
  throw new PageError(
    "unsupported_firmware",
    found
      ? `several recipes fit this BMC: ${namesOf(holding)}; set console_recipe to one of them; ${said}`
      : `no recipe fits this BMC; ${said}; there are ${namesOf(recipes)}`,
  );
}

export function namesOf(recipes: readonly Recipe[]): string {
  const names = recipes.map(({ name }) => name).toSorted();
  return names.join(", ") || "none";
}

async function anyHolds(recognise: readonly Recognition[], bmc: AskedOnce): Promise<boolean> {
  for (const one of recognise) if (await holds(one, bmc)) return true;
  return false;
}

async function holds(
  { redfish = {}, page, server }: Recognition,
  bmc: AskedOnce,
): Promise<boolean> {
  for (const [path, pattern] of Object.entries(redfish)) {
    const words = await bmc.fact(path);
    if (words === undefined || !matchesPattern(pattern, words)) return false;
  }
  if (!page && server === undefined) return true;
  const found = await bmc.page(page?.path ?? "/");
  if (!found || (page && !matchesPattern(page.matches, found.body))) return false;
  return server === undefined || matchesPattern(server, found.server);
}

class AskedOnce {
  readonly #seen: SeenBmc;
  readonly #signal: AbortSignal;
  readonly #pages = new Map<string, Promise<ProbedPage | undefined>>();
  #manager: Promise<unknown> | undefined;

  constructor(seen: SeenBmc, signal: AbortSignal) {
    this.#seen = seen;
    this.#signal = signal;
  }

  get hasRedfish(): boolean {
    return typeof this.#seen.serviceRoot === "object" && this.#seen.serviceRoot !== null;
  }

  page(path: string): Promise<ProbedPage | undefined> {
    throwIfAborted(this.#signal);
    const asked = this.#pages.get(path) ?? this.#seen.getPage(path, this.#signal);
    this.#pages.set(path, asked);
    return asked;
  }

  /** @param path dotted; `manager.` looks at the manager */
  async fact(path: string): Promise<string | undefined> {
    throwIfAborted(this.#signal);
    const parts = path.split(".");
    if (parts[0] !== "manager") return wordsOf(valueAt(this.#seen.serviceRoot, parts));
    if (!this.hasRedfish) return undefined;
    this.#manager ??= this.#seen.manager();
    return wordsOf(valueAt(await this.#manager, parts.slice(1)));
  }

  /** For the operator, who has to say which recipe it is. */
  async description(): Promise<string> {
    if (!this.hasRedfish) return "it has no Redfish service that answers";
    const facts: string[] = [];
    for (const [what, paths] of Object.entries(DESCRIBED)) {
      let found: string | undefined;
      for (const path of paths) found ||= await this.fact(path);
      facts.push(`${what} ${found ? `"${printable(found, 80)}"` : "unknown"}`);
    }
    return `it says: ${facts.join(", ")}`;
  }
}

const DESCRIBED: Readonly<Record<string, readonly string[]>> = {
  vendor: ["Vendor", "Oem"],
  product: ["Product", "Name"],
  "BMC model": ["Oem.Hpe.Manager.0.ManagerType", "Oem.Hp.Manager.0.ManagerType", "manager.Model"],
  firmware: ["Oem.Hpe.Manager.0.ManagerFirmwareVersion", "manager.FirmwareVersion"],
};

/** Of an object the names in it: `Oem` of a service root says the vendor that way. */
function wordsOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value !== "object" || value === null) return undefined;
  return Object.keys(value).slice(0, 100).join(" ");
}

/** A kiosk Chromium that visits simulated BMCs as the shipped recipes say: what came of it, and the BMC's view. */
import { CaFiles } from "../../../../common/ca-files.ts";
import {
  RecipeFolder,
  shippedRecipeFolder,
} from "../../../../common/console-recipe/recipe-folder.ts";
import type { Recipe } from "../../../../common/console-recipe/recipe.ts";
import type { StartFailure } from "../../../../common/console-prelude.ts";
import { silentLogger } from "../../../../common/log.ts";
import { Secret } from "../../../../common/secret.ts";
import { openKiosk, type Kiosk } from "../../../../drivers/browser/kiosk/kiosk.ts";
import type { BrowserSettings } from "../../../../drivers/browser/options.ts";
import { PageError } from "../../../../drivers/base.ts";
import { dialTcp } from "../../../../drivers/browser/providers/dial-tcp.ts";
import { askBmc } from "../../../../drivers/browser/recipes/ask-bmc.ts";
import { recogniseBmc } from "../../../../drivers/browser/recipes/recognise.ts";
import { runRecipe } from "../../../../drivers/browser/recipes/run-recipe.ts";
import { parseWebAddress } from "../../../../drivers/browser/web-address.ts";
import { BMC_PASSWORD, BMC_USER, type BmcWeb } from "../../../helpers/bmc-web/bmc-web.ts";
import { startChromium, type StartedChromium } from "../../../helpers/chromium-pipe.ts";

const LOGOUT_MS = 5000;

export function shippedRecipes(): readonly Recipe[] {
  const problems: string[] = [];
  const folder = new RecipeFolder(shippedRecipeFolder(), (file, message) => {
    problems.push(`${file}: ${message}`);
  });
  const recipes = folder.read().map(({ recipe }) => recipe);
  if (problems.length > 0) throw new Error(problems.join("\n"));
  return recipes;
}

export function shippedRecipe(name: string): Recipe {
  const found = shippedRecipes().find((recipe) => recipe.name === name);
  if (!found) throw new Error(`no recipe ${name}`);
  return found;
}

/** Which shipped recipe the product takes for this BMC. */
export async function recognised(bmc: BmcWeb): Promise<string> {
  const { signal } = new AbortController();
  const recipes = shippedRecipes();
  const trust = { verify: "pin", fingerprint: bmc.fingerprint } as const;
  const login = { username: BMC_USER, password: new Secret(BMC_PASSWORD) };
  const settings: BrowserSettings = {
    bmc: parseWebAddress(bmc.origin, "web_address"),
    trust,
    minimumTls: undefined,
    ...login,
    recipe: undefined,
    temporaryAccount: false,
    accountRole: "Operator",
    width: undefined,
    height: undefined,
    redfish: { origin: bmc.origin, host: bmc.host, ...login, authType: "basic", trust },
  };
  const seen = await askBmc({
    settings,
    dial: dialTcp,
    signal,
    candidates: recipes,
    caFiles: new CaFiles(),
  });
  return (await recogniseBmc(recipes, seen, signal)).name;
}

export interface VisitOptions {
  readonly password?: string;
  /** While the picture is shown. */
  readonly onPicture?: (kiosk: Kiosk) => Promise<void>;
}

interface Browser {
  readonly chromium: StartedChromium;
  readonly kiosk: Kiosk;
  /** It has shown a picture, or tried to: such a browser is not used again. */
  used: boolean;
}

export class RecipeVisitor {
  readonly #bmc: BmcWeb;
  #browser: Browser | undefined;

  constructor(bmc: BmcWeb) {
    this.#bmc = bmc;
  }

  async stop(): Promise<void> {
    await this.#browser?.kiosk.close(LOGOUT_MS);
    await this.#browser?.chromium.stop();
    this.#browser = undefined;
  }

  /** Log in, look, log out. @returns `picture`, or how it failed */
  async visit(recipe: Recipe, options: VisitOptions = {}): Promise<"picture" | StartFailure> {
    const browser = await this.#ready();
    const { chromium, kiosk } = browser;
    const { signal } = new AbortController();
    const run = runRecipe({
      recipe,
      page: kiosk.page,
      process: chromium,
      settings: { bmc: parseWebAddress(this.#bmc.origin, "web_address") },
      account: { username: BMC_USER, password: new Secret(options.password ?? BMC_PASSWORD) },
      log: silentLogger(),
      onStep: () => undefined,
    });
    try {
      await run.login(signal);
      await run.viewer(signal);
      const { picture, quirks } = recipe;
      browser.used = true;
      await kiosk.showOnly(picture, quirks.allowedPaths, () => undefined, signal);
      await options.onPicture?.(kiosk);
      return "picture";
    } catch (error) {
      if (error instanceof PageError && EXPECTED.has(error.failure)) return error.failure;
      throw error;
    } finally {
      await run.logout(signal);
    }
  }

  async #ready(): Promise<Browser> {
    if (this.#browser?.used) await this.stop();
    this.#browser ??= await this.#start();
    await this.#browser.kiosk.page.goto("/forget", new AbortController().signal);
    return this.#browser;
  }

  async #start(): Promise<Browser> {
    const chromium = await startChromium({
      trustedKeys: [this.#bmc.trustedKey],
      // iDRAC 8 opens its viewer by itself, without a click.
      args: ["--disable-popup-blocking"],
    });
    const { size } = chromium;
    const kiosk = await openKiosk({ process: chromium, size, log: silentLogger() });
    await kiosk.bind({ origin: this.#bmc.origin, dialogs: "accept", file: null });
    return { chromium, kiosk, used: false };
  }
}

/** Anything else is a broken recipe or simulator: its words are wanted. */
const EXPECTED: ReadonlySet<StartFailure> = new Set([
  "wrong_password",
  "sessions_taken",
  "no_licence",
  "viewer_disabled",
]);

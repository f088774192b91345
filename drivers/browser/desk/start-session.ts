/**
 * The way from nothing to a picture, step by step, and all the way back: what a start has taken so far is
 * held here, so that its end gives everything back however far it came.
 */
import type { Recipe } from "../../../common/console-recipe/recipe.ts";
import type { StartStep } from "../../../common/console-prelude.ts";
import { PageError, messageOf, type HostTls, type Logger, type RecipeTrial } from "../../base.ts";
import { throwIfAborted } from "../../lib/deadline.ts";
import type { BrowserSettings } from "../options.ts";
import type { Place, SharedFile } from "../providers/provider.ts";
import { abortable } from "./abortable.ts";
import { BmcLogin } from "./bmc-login.ts";
import { BmcRedfish } from "./bmc-redfish.ts";
import type { Journal } from "./journal.ts";
import { launch, newSessionId, wishOf, type Launched, type LaunchWish } from "./launch.ts";
import type { RecipeRun } from "../recipes/run-recipe.ts";
import type { DeskParts } from "./parts.ts";
import { destinationsOf, minimumTlsOf } from "./bmc-target.ts";
import { reach, type Reached } from "./reach.ts";
import type { Seats } from "./seats.ts";

const REACH_LIMIT_MS = 10_000;
const LOGOUT_LIMIT_MS = 10_000;
const SCREENSHOT_LIMIT_MS = 3000;
/** More than any recipe has; a viewer that is opened again and again adds to them. */
const MAX_STEPS = 1000;

export interface StartWish {
  readonly node: string;
  readonly settings: BrowserSettings;
  /** Undefined asks the BMC. */
  readonly recipe: Recipe | undefined;
  /** Recipes to ask among; undefined takes any. */
  readonly family: string | undefined;
  /** The image that is attached for this node's browser. */
  readonly media: () => Promise<SharedFile | null>;
}

export type DoneStep = RecipeTrial["steps"][number];

export interface StartEvents {
  readonly begin: (step: StartStep) => void;
  readonly position: (position: number) => void;
  readonly bmcAnswers: (answers: boolean) => void;
  readonly recognised: (recipe: Recipe) => void;
  readonly stray: (why: string) => void;
  /** See Kiosk. */
  readonly framed: (framed: boolean) => void;
}

export interface StartDeps {
  readonly parts: DeskParts;
  readonly seats: Seats;
  readonly journal: Journal;
  readonly log: Logger;
}

export class HeldSession {
  readonly id = newSessionId();
  readonly #deps: StartDeps;
  readonly #wish: StartWish;
  readonly #events: StartEvents;
  #recipe: Recipe | undefined;
  /** Undefined while it is asked for. */
  #file: SharedFile | null | undefined = null;
  #place: Place | undefined;
  #launching: Promise<Launched> | undefined;
  #launched: Launched | undefined;
  #redfish: BmcRedfish | undefined;
  #login: BmcLogin | undefined;
  #run: RecipeRun | undefined;
  readonly #steps: DoneStep[] = [];
  #ending: Promise<void> | undefined;

  constructor(deps: StartDeps, wish: StartWish, events: StartEvents) {
    this.#deps = deps;
    this.#wish = wish;
    this.#events = events;
    this.#recipe = wish.recipe;
  }

  get launched(): Launched | undefined {
    return this.#launched;
  }

  /** What the recipe has done so far. */
  get steps(): readonly DoneStep[] {
    return this.#steps;
  }

  get gateFailure(): Error | undefined {
    return this.#launched?.gate.lastFailure;
  }

  /** @throws {PageError} {@link ConsoleError} and what the provider throws */
  async start(signal: AbortSignal): Promise<void> {
    const { begin } = this.#events;
    begin("queue");
    const recipe = await this.#seat(signal);
    begin("launch");
    const { browser, login } = await this.#browserAndBmc(recipe, signal);
    const account = await abortable(login.prepare(signal), signal);
    begin("login");
    this.#run = this.#deps.parts.runRecipe({
      recipe,
      page: browser.kiosk.page,
      process: browser.process,
      settings: this.#wish.settings,
      account,
      log: this.#deps.log,
      onStep: (what, milliseconds) => this.#done({ what, milliseconds }),
    });
    await this.#run.login(signal);
    login.noteSession(signal);
    await this.openViewer(signal);
  }

  /** Also again, for a viewer that went astray. */
  async openViewer(signal: AbortSignal): Promise<void> {
    const browser = this.#launched;
    const run = this.#run;
    const recipe = this.#recipe;
    if (!browser || !run || !recipe) throw new Error("there is no page yet");
    this.#events.begin("viewer");
    await run.viewer(signal);
    this.#events.begin("picture");
    browser.kiosk.onFramed = this.#events.framed;
    await browser.kiosk.showOnly(
      recipe.picture,
      recipe.quirks.allowedPaths,
      this.#events.stray,
      signal,
    );
  }

  /** How often {@link keepAlive} is to be called; 0 for never. */
  get keepAliveSeconds(): number {
    return this.#recipe?.quirks.keepAliveSeconds ?? 0;
  }

  /** Uses the BMC's page a little. A failure is noted: whether the picture lives is the kiosk's to say. */
  async keepAlive(signal: AbortSignal): Promise<void> {
    await this.#run?.keepAlive(signal).catch((error: unknown) => {
      this.#deps.log.debug("could not keep the BMC's page alive", { reason: messageOf(error) });
    });
  }

  /** Whether the BMC's web server answers now. */
  async answers(signal: AbortSignal): Promise<boolean> {
    return await this.#reach(signal).then(
      () => true,
      () => false,
    );
  }

  /** Whether its browser has, or may be about to have, a file that was given to the node. */
  get hasFile(): boolean {
    return this.#file !== null;
  }

  /** For the operator; null when there is none to be had soon. */
  async screenshot(): Promise<Uint8Array | null> {
    const page = this.#launched?.kiosk.page;
    if (!page) return null;
    const limit = AbortSignal.timeout(SCREENSHOT_LIMIT_MS);
    const taking = Promise.resolve().then(() => page.screenshot());
    return await abortable(taking, limit).catch(() => null);
  }

  /** Null when there is no page, or none any more. */
  pageUrl(): string | null {
    try {
      return this.#launched?.kiosk.page.url() ?? null;
    } catch {
      return null;
    }
  }

  /** Logs out and gives everything back. Safe to call twice. Never rejects. */
  end(): Promise<void> {
    return (this.#ending ??= this.#end());
  }

  async #end(): Promise<void> {
    const launched = this.#launched ?? (await this.#launching?.catch(() => undefined));
    if (launched) void launched.kiosk.cover().catch(() => undefined);
    const gone = launched?.lost.then(() => undefined);
    const logout = this.#run?.logout(AbortSignal.timeout(LOGOUT_LIMIT_MS)).catch(() => undefined);
    await Promise.race([logout, gone ?? logout]);
    await this.#quietly("the BMC's session", () => this.#login?.end());
    await this.#quietly("the browser", () => launched?.end());
    await this.#quietly("the seat", () => this.#place?.release());
    this.#deps.seats.freed();
  }

  /** Takes a browser that waits, or a seat; and finds out which recipe it is. */
  async #seat(signal: AbortSignal): Promise<Recipe> {
    const { seats } = this.#deps;
    this.#file = undefined;
    this.#file = await this.#wish.media();
    if (this.#recipe) {
      this.#launched = seats.takeWarm(this.#launchWish(this.#recipe));
      if (this.#launched) {
        this.#place = this.#launched.place;
        return this.#recipe;
      }
    }
    this.#place = await seats.place(signal, this.#events.position);
    this.#recipe ??= await this.#recognise(this.#place, signal);
    return this.#recipe;
  }

  async #recognise(place: Place, signal: AbortSignal): Promise<Recipe> {
    this.#events.begin("reach");
    await this.#reach(signal);
    this.#events.bmcAnswers(true);
    const { settings, family } = this.#wish;
    const recipe = await this.#deps.parts.recipes.recognise({
      settings,
      family,
      dial: (destination, end) => place.dial(destination, end),
      signal,
    });
    this.#events.recognised(recipe);
    return recipe;
  }

  /** Both at the same time where the browser need not know the BMC's key. */
  async #browserAndBmc(
    recipe: Recipe,
    signal: AbortSignal,
  ): Promise<{ browser: Launched; login: BmcLogin }> {
    const { begin, bmcAnswers } = this.#events;
    const reaching = this.#reach(signal);
    reaching.catch(() => undefined);
    const key = this.#deps.parts.provider.egress === "policy" ? (await reaching).key : undefined;
    this.#launching = this.#launched
      ? Promise.resolve(this.#launched)
      : this.#launch(recipe, key, signal);
    this.#launching.catch(() => undefined);
    const silent = reaching.then(
      () => new Promise<never>(() => undefined),
      (error: unknown) => {
        begin("reach");
        throw error;
      },
    );
    const browser = await abortable(Promise.race([this.#launching, silent]), signal);
    this.#launched = browser;
    begin("reach");
    await abortable(reaching, signal);
    bmcAnswers(true);
    await this.#bind(browser, recipe);
    throwIfAborted(signal);
    return { browser, login: this.#bmcLogin(browser.place, recipe) };
  }

  #done(step: DoneStep): void {
    if (this.#steps.length < MAX_STEPS) this.#steps.push(step);
  }

  #launch(recipe: Recipe, key: string | undefined, signal: AbortSignal): Promise<Launched> {
    const { parts, log } = this.#deps;
    const { bmc } = this.#wish.settings;
    const place = this.#place;
    if (!place) throw new Error("there is no seat yet");
    return launch(parts, {
      id: this.id,
      place,
      wish: this.#launchWish(recipe),
      target: {
        origin: bmc.origin,
        destinations: destinationsOf(this.#wish.settings, recipe),
        key,
      },
      log,
      signal,
    });
  }

  async #bind(browser: Launched, recipe: Recipe): Promise<void> {
    const { settings } = this.#wish;
    const { trust, bmc } = settings;
    const tls = bmc.encrypted ? { ...trust, minVersion: this.#minimumTls(recipe) } : null;
    browser.gate.allow(
      destinationsOf(settings, recipe).map((destination, index) => ({
        ...destination,
        tls: index === 0 ? tls : null,
      })),
    );
    await browser.kiosk.bind({
      origin: bmc.origin,
      dialogs: recipe.quirks.dialogs,
      file: browser.file,
    });
  }

  /** One for the whole session: it remembers a refusal. */
  #redfishOver(place: Place): BmcRedfish {
    return (this.#redfish ??= new BmcRedfish(
      this.#wish.settings.redfish,
      (destination, end) => place.dial(destination, end),
      this.#deps.log,
    ));
  }

  #bmcLogin(place: Place, recipe: Recipe): BmcLogin {
    const { parts, journal, log } = this.#deps;
    this.#login = new BmcLogin({
      id: this.id,
      node: this.#wish.node,
      provider: parts.provider.name,
      settings: this.#wish.settings,
      listsSessions: recipe.quirks.listsSessions,
      dial: (destination, end) => place.dial(destination, end),
      redfish: this.#redfishOver(place),
      journal,
      prepareAccess: parts.prepareAccess,
      log,
    });
    return this.#login;
  }

  async #reach(signal: AbortSignal): Promise<Reached> {
    const place = this.#place;
    if (!place) throw new PageError("browser", "there is no seat yet");
    const { settings } = this.#wish;
    return await reach({
      bmc: settings.bmc,
      tls: { ...settings.trust, minVersion: this.#minimumTls(this.#recipe) },
      dial: (destination, end) => place.dial(destination, end),
      signal,
      limitMs: REACH_LIMIT_MS,
      caFiles: this.#deps.parts.caFiles,
    });
  }

  #minimumTls(recipe: Recipe | undefined): NonNullable<HostTls["minVersion"]> {
    return minimumTlsOf(this.#wish.settings, recipe);
  }

  #launchWish(recipe: Recipe): LaunchWish {
    const { width, height } = this.#wish.settings;
    const size = { width: width ?? recipe.quirks.width, height: height ?? recipe.quirks.height };
    return wishOf(recipe, size, this.#file ?? null);
  }

  async #quietly(what: string, work: () => Promise<void> | undefined): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#deps.log.error(`${what} did not end cleanly`, { reason: messageOf(error) });
    }
  }
}

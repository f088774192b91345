/**
 * A BMC's page without a browser: a test says what is on it, it remembers what was done. What a recipe
 * types stays a Secret until the page gets it, so this is where secrets are opened.
 */
import { setTimeout as pause } from "node:timers/promises";
import { PageError } from "../../drivers/base.ts";
import type { FetchAnswer, KioskPage } from "../../drivers/browser/kiosk/page.ts";
import { Secret } from "../../common/secret.ts";
import type { PageCondition, RecipeFetch } from "../../common/console-recipe/recipe.ts";

export class FakeKioskPage implements KioskPage {
  /** In order: `goto /x`, `fill #user=admin`, `fetch POST /logout {…}`. */
  readonly done: string[] = [];
  readonly cookies = new Map<string, string>();
  readonly stored = new Map<string, string>();
  readonly texts = new Map<string, string>();
  readonly attributes = new Map<string, string>();
  readonly fetched: RecipeFetch[] = [];
  /** Whether a condition holds now. */
  onLook: (condition: PageCondition) => boolean = () => true;
  /** Before anything is done; may throw or wait. */
  onDo: (what: string) => Promise<void> | void = () => {};
  onFetch: (request: RecipeFetch) => FetchAnswer = () => ({ status: 200, headers: {}, body: "" });
  address = "https://bmc/";

  url(): string {
    return this.address;
  }

  goto(target: string): Promise<void> {
    return this.#do(`goto ${target}`);
  }

  async waitForAny(
    conditions: readonly PageCondition[],
    limitMs: number,
    signal: AbortSignal,
  ): Promise<number> {
    await this.#do(`wait ${limitMs}`);
    const found = conditions.findIndex((one) => this.onLook(one));
    if (found >= 0) return found;
    if (limitMs > 1000) await pause(60_000, undefined, { signal }).catch(() => undefined);
    throw new PageError("unexpected_page", "nothing of what was expected came in time");
  }

  holds(condition: PageCondition): Promise<boolean> {
    return Promise.resolve(this.onLook(condition));
  }

  fill(selector: string, text: string | Secret): Promise<void> {
    const kind = text instanceof Secret ? "secret " : "";
    const clear = text instanceof Secret ? text.reveal() : text;
    return this.#do(`fill ${selector}=${kind}${clear}`);
  }

  click(selector: string): Promise<void> {
    return this.#do(`click ${selector}`);
  }

  press(key: string): Promise<void> {
    return this.#do(`press ${key}`);
  }

  select(selector: string, value: string): Promise<void> {
    return this.#do(`select ${selector}=${value}`);
  }

  openWindow(target: string): Promise<void> {
    return this.#do(`open ${target}`);
  }

  followNextWindow(limitMs: number): Promise<void> {
    return this.#do(`follow ${limitMs}`);
  }

  async fetch(request: RecipeFetch): Promise<FetchAnswer> {
    this.fetched.push(request);
    await this.#do(`fetch ${request.method} ${request.path}`);
    return this.onFetch(request);
  }

  cookie(name: string): Promise<string | undefined> {
    return Promise.resolve(this.cookies.get(name));
  }

  setCookie(name: string, value: string): Promise<void> {
    return this.#do(`cookie ${name}=${value}`);
  }

  text(selector: string): Promise<string | undefined> {
    return Promise.resolve(this.texts.get(selector));
  }

  attribute(selector: string, name: string): Promise<string | undefined> {
    return Promise.resolve(this.attributes.get(`${selector} ${name}`));
  }

  localStorage(key: string): Promise<string | undefined> {
    return Promise.resolve(this.stored.get(key));
  }

  sessionStorage(key: string): Promise<string | undefined> {
    return Promise.resolve(this.stored.get(`session ${key}`));
  }

  setLocalStorage(key: string, value: string): Promise<void> {
    return this.#do(`store ${key}=${value}`);
  }

  screenshot(): Promise<Uint8Array> {
    return Promise.resolve(new Uint8Array());
  }

  async #do(what: string): Promise<void> {
    this.done.push(what);
    await this.onDo(what);
  }
}

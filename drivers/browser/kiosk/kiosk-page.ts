/** {@link KioskPage} on the browser's present page. What waits has a limit; what it learns is bounded. */
import { setTimeout as sleep } from "node:timers/promises";
import { PageError, Secret } from "../../base.ts";
import { matchesPattern } from "../../../common/console-recipe/pattern.ts";
import type { PageCondition, RecipeFetch } from "../../../common/console-recipe/recipe.ts";
import type { FetchAnswer, KioskPage } from "./page.ts";
import { Cookies } from "./cookies.ts";
import { bodyOf } from "./fetch-body.ts";
import { pageFetch, type FetchOrder, type FetchOutcome } from "./in-page-fetch.ts";
import type { PageTools, Seen, Sought, Spot } from "./in-page.ts";
import { pressKey, typeText } from "./keys.ts";
import { describeCondition, rethrow, unexpected } from "./page-failures.ts";
import { isAway } from "./page-world.ts";
import type { Tab } from "./tab.ts";
import { openDocument, untilLoaded } from "./travel.ts";
import type { Windows } from "./windows.ts";

const POLL_MS = 100;
const LOAD_LIMIT_MS = 30_000;
/** How long a field or button may take to become one that can be used. */
const ACT_LIMIT_MS = 10_000;
const LOOK_LIMIT_MS = 10_000;
const FETCH_LIMIT_MS = 30_000;
const FETCH_LIMIT_BYTES = 1024 * 1024;
const TEXT_LIMIT = 4096;

export class BrowserPage implements KioskPage {
  readonly #windows: Windows;

  constructor(windows: Windows) {
    this.#windows = windows;
  }

  url(): string {
    return this.#tab().url;
  }

  async goto(target: string, signal: AbortSignal): Promise<void> {
    const tab = this.#tab();
    const url = this.#address(target);
    await doing("the page was opened", () => openDocument(tab, url, LOAD_LIMIT_MS, signal));
    this.#requireOrigin(tab);
  }

  async waitForAny(
    conditions: readonly PageCondition[],
    limitMs: number,
    signal: AbortSignal,
  ): Promise<number> {
    const deadline = performance.now() + limitMs;
    for (;;) {
      signal.throwIfAborted();
      const index = await this.#firstThatHolds(conditions);
      if (index >= 0) return index;
      if (performance.now() >= deadline) break;
      await sleep(POLL_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
    const wanted = conditions.map(describeCondition).join(" or ").slice(0, 300);
    throw await unexpected(this.#tab(), `no ${wanted} within ${limitMs} ms`);
  }

  async holds(condition: PageCondition): Promise<boolean> {
    return (await this.#firstThatHolds([condition])) === 0;
  }

  async fill(selector: string, text: string | Secret): Promise<void> {
    const open = text instanceof Secret ? text.reveal() : text;
    await doing(`fill ${selector}`, async () => {
      const tab = await this.#click(selector);
      const trouble = await tab.world.call<string>("focus", [selector]);
      if (trouble !== "") throw await unexpected(tab, `${selector} ${trouble}`);
      await typeText(tab.cdp, open);
      const length = await tab.world
        .call<number>("heldLength", [selector])
        .catch(() => open.length);
      if (length < open.length && length >= 0)
        throw await unexpected(tab, `${selector} took ${length} of ${open.length} characters`);
    });
  }

  async click(selector: string): Promise<void> {
    await doing(`click ${selector}`, () => this.#click(selector));
  }

  async press(key: string): Promise<void> {
    await doing(`press ${key}`, () => pressKey(this.#tab().cdp, key));
  }

  async select(selector: string, value: string): Promise<void> {
    await doing(`select ${selector}`, async () => {
      const deadline = performance.now() + ACT_LIMIT_MS;
      for (;;) {
        const trouble = await this.#ask<string>("choose", [selector, value]);
        if (trouble === "") return;
        if (performance.now() > deadline)
          throw await unexpected(this.#tab(), `${selector} ${trouble}`);
        await sleep(POLL_MS);
      }
    });
  }

  async openWindow(target: string, signal: AbortSignal): Promise<void> {
    const opener = this.#tab();
    const url = this.#address(target);
    await doing("a window was opened", async () => {
      const open = async (): Promise<void> => {
        await opener.world.call("open", [url], { userGesture: true, signal });
      };
      const tab = await this.#next(LOAD_LIMIT_MS, signal, open);
      await untilLoaded(tab, LOAD_LIMIT_MS, signal);
      this.#requireOrigin(tab);
    });
  }

  async followNextWindow(limitMs: number, signal: AbortSignal): Promise<void> {
    await doing("a window was followed", async () => {
      const tab = await this.#next(limitMs, signal);
      await untilLoaded(tab, LOAD_LIMIT_MS, signal);
      this.#requireOrigin(tab);
    });
  }

  async fetch(request: RecipeFetch, signal: AbortSignal): Promise<FetchAnswer> {
    const { body, type } = bodyOf(request);
    const order: FetchOrder = {
      url: this.#address(request.path),
      method: request.method,
      headers: { ...(type === null ? {} : { "Content-Type": type }), ...request.headers },
      body,
      limitBytes: FETCH_LIMIT_BYTES,
      limitMs: FETCH_LIMIT_MS,
    };
    const limits = { limitMs: FETCH_LIMIT_MS + 2000, signal };
    const outcome = await doing("the page's request", () =>
      this.#tab().world.run<FetchOutcome>(pageFetch.toString(), [order], limits),
    );
    const { status, headers = {}, body: text = "", why } = outcome;
    if (status === undefined)
      throw await unexpected(this.#tab(), `${request.method} was not answered: ${why ?? ""}`);
    return { status, headers, body: text };
  }

  cookie(name: string): Promise<string | undefined> {
    return doing("the page's cookies", () => this.#cookies().get(name));
  }

  setCookie(name: string, value: string): Promise<void> {
    return doing("the page's cookies", () => this.#cookies().set(name, value));
  }

  async text(selector: string): Promise<string | undefined> {
    return (await this.#ask<string | null>("text", [selector, TEXT_LIMIT])) ?? undefined;
  }

  async attribute(selector: string, name: string): Promise<string | undefined> {
    const args = [selector, name, TEXT_LIMIT];
    return (await this.#ask<string | null>("attribute", args)) ?? undefined;
  }

  async localStorage(key: string): Promise<string | undefined> {
    return (await this.#ask<string | null>("stored", [key])) ?? undefined;
  }

  async sessionStorage(key: string): Promise<string | undefined> {
    return (await this.#ask<string | null>("storedForSession", [key])) ?? undefined;
  }

  async setLocalStorage(key: string, value: string): Promise<void> {
    await this.#ask("store", [key, value]);
  }

  screenshot(): Promise<Uint8Array> {
    return doing("a picture of the page", async () => {
      const options = { format: "png", optimizeForSpeed: true };
      const { data } = await this.#tab().cdp.send<{ data: string }>(
        "Page.captureScreenshot",
        options,
      );
      return Buffer.from(data, "base64");
    });
  }

  #tab(): Tab {
    const tab = this.#windows.current;
    if (!tab) throw new PageError("browser", "the browser has no page any more");
    return tab;
  }

  #cookies(): Cookies {
    return new Cookies(this.#tab(), this.#origin());
  }

  #origin(): string {
    const { bounds } = this.#windows;
    if (!bounds) throw new PageError("browser", "the browser is bound to no BMC yet");
    return bounds.origin;
  }

  /** @throws {PageError} for what is no page of the BMC */
  #address(target: string): string {
    const origin = this.#origin();
    if (target === "about:blank") return target;
    const url = URL.canParse(target, `${origin}/`) ? new URL(target, `${origin}/`) : undefined;
    if (url?.origin !== origin)
      throw new PageError("unexpected_page", `the recipe leads away from ${origin}`);
    return url.href;
  }

  #requireOrigin(tab: Tab): void {
    if (tab.url.startsWith("about:") || new URL(tab.url).origin === this.#origin()) return;
    throw new PageError("unexpected_page", `the page leads away from ${this.#origin()}`);
  }

  async #next(limitMs: number, signal: AbortSignal, open?: () => Promise<void>): Promise<Tab> {
    const opener = this.#tab();
    try {
      return await this.#windows.next(limitMs, signal, open);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof PageError || isAway(error)) throw error;
      throw await unexpected(opener, `no new window within ${limitMs} ms`);
    }
  }

  /** Waits until it can be clicked, then clicks it. */
  async #click(selector: string): Promise<Tab> {
    const deadline = performance.now() + ACT_LIMIT_MS;
    for (;;) {
      const { x, y, why } = await this.#ask<Spot>("spot", [selector]);
      const tab = this.#tab();
      if (x !== undefined && y !== undefined) {
        await clickAt(tab, x, y);
        return tab;
      }
      if (performance.now() > deadline) throw await unexpected(tab, `${selector} ${why ?? ""}`);
      await sleep(POLL_MS);
    }
  }

  /** Asks the page, again when it changed meanwhile. */
  #ask<Result>(tool: keyof PageTools, args: readonly unknown[]): Promise<Result> {
    return doing("the page was asked", async () => {
      for (let attempt = 1; ; attempt++)
        try {
          return await this.#tab().world.call<Result>(tool, args);
        } catch (error) {
          if (!isAway(error) || attempt === 5) throw error;
          await sleep(POLL_MS);
        }
    });
  }

  async #firstThatHolds(conditions: readonly PageCondition[]): Promise<number> {
    const tab = this.#tab();
    const sought = conditions.map(soughtOf);
    let all: readonly Seen[];
    try {
      all = await tab.world.call<Seen[]>("look", [sought], { limitMs: LOOK_LIMIT_MS });
    } catch (error) {
      if (isAway(error)) return -1;
      return rethrow(error, "the page was looked at");
    }
    for (const [index, condition] of conditions.entries()) {
      const seen = all[index];
      if (seen?.holds && (await this.#agrees(condition, seen.text ?? ""))) return index;
    }
    return -1;
  }

  async #agrees({ text, url, cookie }: PageCondition, found: string): Promise<boolean> {
    if (text !== undefined && !matchesPattern(text, found)) return false;
    if (url !== undefined && !matchesPattern(url, this.url())) return false;
    return cookie === undefined || (await this.cookie(cookie)) !== undefined;
  }
}

function soughtOf({ selector, ready, text, localStorage }: PageCondition): Sought {
  return {
    ...(selector !== undefined && { selector }),
    ...(ready !== undefined && { ready }),
    ...(text !== undefined && { text: true }),
    ...(localStorage !== undefined && { localStorage }),
  };
}

async function clickAt(tab: Tab, x: number, y: number): Promise<void> {
  const at = { x, y, button: "left", clickCount: 1 };
  await Promise.all([
    tab.cdp.send("Input.dispatchMouseEvent", { type: "mouseMoved", x, y }),
    tab.cdp.send("Input.dispatchMouseEvent", { type: "mousePressed", buttons: 1, ...at }),
    tab.cdp.send("Input.dispatchMouseEvent", { type: "mouseReleased", ...at }),
  ]);
}

async function doing<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    return rethrow(error, what);
  }
}

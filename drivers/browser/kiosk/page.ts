/**
 * What a recipe may do with a BMC's page. The page is hostile: every wait has a limit, every answer a
 * bound, and nothing it says is run by us.
 *
 * A selector is CSS and is looked for in every frame of the same origin, outermost first.
 */
import type { Secret } from "../../base.ts";
import type { PageCondition, RecipeFetch } from "../../../common/console-recipe/recipe.ts";

export interface KioskPage {
  /** Where the main frame is. */
  url(): string;
  /** @param target absolute, or a path of the BMC. Resolves when the document is loaded. @throws {PageError} */
  goto(target: string, signal: AbortSignal): Promise<void>;
  /**
   * Waits until one of them holds.
   * @returns its index
   * @throws {PageError} when none does within the limit
   */
  waitForAny(
    conditions: readonly PageCondition[],
    limitMs: number,
    signal: AbortSignal,
  ): Promise<number>;
  /** Whether it holds now. */
  holds(condition: PageCondition): Promise<boolean>;
  /**
   * Types into a field as a person would (trusted input events), replacing what is there. Like `click` and
   * `select` it waits up to 10 seconds until the field can be used.
   * @throws {PageError} when it cannot, or does not take all of the text
   */
  fill(selector: string, text: string | Secret): Promise<void>;
  click(selector: string): Promise<void>;
  /** For example `Enter`, `Tab`, `Escape`. */
  press(key: string): Promise<void>;
  select(selector: string, value: string): Promise<void>;
  /**
   * Opens a page the way the BMC's own menu would: by window.open of its main page, so that
   * `window.opener` is there. The new window becomes the page.
   */
  openWindow(target: string, signal: AbortSignal): Promise<void>;
  /** The next window that the page opens by itself becomes the page; any other one is closed. */
  followNextWindow(limitMs: number, signal: AbortSignal): Promise<void>;
  /** A request of the page's own (its cookies, its origin). Answers of at most 1 MiB. @throws {PageError} */
  fetch(request: RecipeFetch, signal: AbortSignal): Promise<FetchAnswer>;
  cookie(name: string): Promise<string | undefined>;
  setCookie(name: string, value: string): Promise<void>;
  /** Inner text of the first match, at most 4096 characters; undefined without one. */
  text(selector: string): Promise<string | undefined>;
  /** An attribute, or with `value` a field's value. */
  attribute(selector: string, name: string): Promise<string | undefined>;
  localStorage(key: string): Promise<string | undefined>;
  /** Of the present window; one that it opens begins with a copy. */
  sessionStorage(key: string): Promise<string | undefined>;
  setLocalStorage(key: string, value: string): Promise<void>;
  /** PNG of what the page shows. */
  screenshot(): Promise<Uint8Array>;
}

export interface FetchAnswer {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

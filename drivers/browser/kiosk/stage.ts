/**
 * The picture on the display, and nothing else of the page: waits for it, frames it, follows its size, and
 * covers everything when the viewer goes where it has no business.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { PageError, messageOf } from "../../base.ts";
import { matchesPattern } from "../../../common/console-recipe/pattern.ts";
import type { Picture } from "../../../common/console-recipe/recipe.ts";
import type { SessionSize } from "../providers/provider.ts";
import { Display } from "./display.ts";
import { fit } from "./fit.ts";
import type { Measure } from "./in-page-crop.ts";
import type { KioskOptions, ShownPicture } from "./kiosk.ts";
import type { KioskPage } from "./page.ts";
import { describeFailure, placeOf, seen } from "./page-failures.ts";
import { isAway } from "./page-world.ts";
import type { Tab } from "./tab.ts";
import type { Windows } from "./windows.ts";

export interface StageOptions extends KioskOptions {
  readonly windows: Windows;
  readonly page: KioskPage;
  readonly onFramed: (framed: boolean) => void;
}

const POLL_MS = 150;
/** An element of one colour that stays as it is for so long is the picture of a dark screen. */
const STEADY_MS = 3000;
/** Behind a cover nothing can be seen. */
const STEADY_COVERED_MS = 500;
/** A viewer that makes its canvas anew, or loads itself anew, has so long. */
const RETURN_MS = 8000;
const WATCH_MS = 4000;
const FRAME_FAILURES = 5;

interface Play {
  readonly tab: Tab;
  readonly selector: string;
  readonly picture: Picture;
  readonly allowedPaths: readonly string[];
  readonly home: string;
  readonly onStray: (why: string) => void;
  readonly ended: AbortController;
}

export class Stage {
  readonly #options: StageOptions;
  readonly #display: Display;
  #size: SessionSize;
  #steadyMs = STEADY_MS;
  #play: Play | undefined;

  constructor(options: StageOptions) {
    this.#options = options;
    this.#display = new Display(options.process);
    this.#size = options.size;
  }

  /** @throws {PageError} `no_picture`, or a failure that the viewer shows in words */
  async show(
    picture: Picture,
    allowedPaths: readonly string[],
    onStray: (why: string) => void,
    signal: AbortSignal,
  ): Promise<ShownPicture> {
    this.end();
    const { windows } = this.#options;
    const tab = windows.current;
    if (!tab) throw new PageError("browser", "the browser has no page any more");
    windows.seal(true);
    const shown = shownPicture(() => this.#size);
    const { selector } = picture;
    if (selector === undefined) {
      await this.#showWindows(picture, signal);
      return shown;
    }
    const measure = await this.#awaitPicture(tab, selector, picture, signal);
    await Promise.all([
      windows.cover(tab),
      tab.coverNew(),
      // The tenant's keys go to the page from now on, not to what Chromium hides around it.
      tab.cdp.send("Page.bringToFront"),
    ]);
    const ended = new AbortController();
    const home = pathOf(tab.url);
    const play: Play = { tab, selector, picture, allowedPaths, home, onStray, ended };
    this.#play = play;
    try {
      await this.#frame(play, measure, signal);
    } catch (error) {
      this.end();
      signal.throwIfAborted();
      throw new PageError("no_picture", `the picture cannot be shown: ${messageOf(error)}`, {
        cause: error,
      });
    }
    this.#guard(play);
    return shown;
  }

  async cover(): Promise<void> {
    this.end();
    this.#steadyMs = STEADY_COVERED_MS;
    await this.#options.windows.cover();
  }

  /** Does not look any more; what is shown stays. */
  end(): void {
    this.#play?.ended.abort();
    this.#play = undefined;
    this.#options.windows.seal(false);
  }

  /** A Java viewer has windows of its own, before a black page. */
  async #showWindows(picture: Picture, signal: AbortSignal): Promise<void> {
    await this.#options.windows.cover();
    const deadline = performance.now() + picture.withinSeconds * 1000;
    while (await this.#display.isBlank({ x: 0, y: 0, ...this.#size }, signal)) {
      if (performance.now() > deadline)
        throw new PageError("no_picture", `no window within ${picture.withinSeconds} s`);
      await sleep(POLL_MS, undefined, { signal });
    }
  }

  async #awaitPicture(
    tab: Tab,
    selector: string,
    picture: Picture,
    signal: AbortSignal,
  ): Promise<Measure> {
    const limitMs = picture.withinSeconds * 1000;
    const deadline = performance.now() + limitMs;
    let steady = { since: 0, size: "" };
    /* Asked twice: a page that is just being painted has two colours for a moment. */
    let seenPainted = 0;
    while (performance.now() < deadline) {
      signal.throwIfAborted();
      await this.#throwFailure(picture);
      const measure = await measureOf(tab, selector);
      if (measure && isLargeEnough(measure, picture)) {
        const size = `${measure.width}x${measure.height}`;
        if (steady.size !== size) steady = { since: performance.now(), size };
        if (performance.now() - steady.since > this.#steadyMs) return measure;
        seenPainted = (await this.#display.isBlank(measure.box, signal)) ? 0 : seenPainted + 1;
        if (seenPainted === 2) return measure;
      } else steady = { since: 0, size: "" };
      await sleep(POLL_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
    throw new PageError(
      "no_picture",
      `no picture in ${selector} within ${picture.withinSeconds} s; seen: ${await seen(tab)}`,
    );
  }

  /** @throws {PageError} the failure that the viewer tells in words */
  async #throwFailure(picture: Picture): Promise<void> {
    for (const { when, failure } of picture.failures)
      if (await this.#options.page.holds(when)) throw new PageError(failure, describeFailure(when));
  }

  async #frame(play: Play, measure: Measure, signal: AbortSignal): Promise<Measure> {
    const resize = async (size: SessionSize): Promise<void> => {
      await this.#display.resize(size, signal);
      this.#size = size;
    };
    return fit(play.tab, play.selector, measure, resize, signal);
  }

  /** Runs until the play has ended; never throws. */
  #guard(play: Play): void {
    const { tab, ended } = play;
    const stop = tab.onNews((news) => {
      if (news === "navigated") this.#options.onFramed(false);
      if (news === "gone" || news === "crashed") this.#stray(play, "its window is gone");
      else if ((news === "navigated" || news === "moved") && !isAllowed(tab.url, play))
        this.#stray(play, `it went to ${placeOf(tab.url)}`);
    });
    ended.signal.addEventListener("abort", stop);
    if (!isAllowed(tab.url, play)) this.#stray(play, `it went to ${placeOf(tab.url)}`);
    this.#follow(play).catch((error: unknown) => this.#stray(play, messageOf(error)));
  }

  /** @throws {Error} when the picture is gone, or the page does not answer */
  async #follow(play: Play): Promise<void> {
    const { tab, selector, picture } = play;
    const { signal } = play.ended;
    let known = await measureOf(tab, selector);
    let failures = 0;
    while (!signal.aborted) {
      if (known && !(await changed(tab, selector, known, signal))) continue;
      if (signal.aborted) return;
      const present = await this.#awaitReturn(play);
      known = undefined;
      if (!isLargeEnough(present, picture)) await sleep(POLL_MS);
      else if (failures > FRAME_FAILURES)
        throw new PageError("no_picture", "its picture never rests");
      else
        try {
          known = await this.#frame(play, present, signal);
          failures = 0;
          if (!signal.aborted) this.#options.onFramed(true);
        } catch {
          // The page changed while it was framed.
          failures++;
          await sleep(POLL_MS);
        }
    }
  }

  async #awaitReturn({ tab, selector, ended }: Play): Promise<Measure> {
    const deadline = performance.now() + RETURN_MS;
    while (performance.now() < deadline && !ended.signal.aborted) {
      const measure = await measureOf(tab, selector);
      if (measure) return measure;
      await sleep(POLL_MS);
    }
    throw new PageError("no_picture", "its picture is gone");
  }

  #stray(play: Play, why: string): void {
    if (play.ended.signal.aborted) return;
    const covered = this.cover();
    play.onStray(why);
    void covered;
  }
}

function shownPicture(size: () => SessionSize): ShownPicture {
  return {
    get size() {
      return size();
    },
  };
}

async function measureOf(tab: Tab, selector: string): Promise<Measure | undefined> {
  try {
    return (await tab.world.callCrop<Measure | null>("measure", [selector])) ?? undefined;
  } catch (error) {
    if (isAway(error)) return undefined;
    throw error;
  }
}

async function changed(
  tab: Tab,
  selector: string,
  known: Measure,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const limitMs = WATCH_MS + 10_000;
    return await tab.world.callCrop("changed", [selector, known, WATCH_MS], { limitMs, signal });
  } catch (error) {
    if (signal.aborted || isAway(error)) return true;
    throw error;
  }
}

function isLargeEnough({ width, height }: Measure, picture: Picture): boolean {
  return width >= picture.minimumWidth && height >= picture.minimumHeight;
}

function isAllowed(url: string, { home, allowedPaths }: Play): boolean {
  const path = pathOf(url);
  return path === home || allowedPaths.some((one) => matchesPattern(`^(?:${one})$`, path));
}

/** Path and query of a BMC's page; of anything else the whole, which no recipe allows. */
function pathOf(url: string): string {
  if (!URL.canParse(url)) return "";
  const { protocol, pathname, search } = new URL(url);
  return protocol === "https:" || protocol === "http:" ? `${pathname}${search}` : url;
}

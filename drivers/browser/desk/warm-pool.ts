/**
 * Browsers that wait for a machine. They are started in the background, one at a time, only while nobody
 * waits for a seat; a start that needs their seat gets it; an old one is replaced.
 */
import { messageOf, type Logger } from "../../base.ts";
import type { Launched, LaunchWish } from "./launch.ts";
import type { Scheduler } from "./scheduler.ts";

/** A browser that has waited so long is replaced: what it holds in memory only grows. */
const LONGEST_WAIT_MS = 30 * 60_000;
const RETRY_MS = 30_000;

export interface WarmPoolOptions {
  readonly size: number;
  readonly wish: LaunchWish;
  readonly scheduler: Scheduler;
  readonly log: Logger;
  /** Takes a seat and starts one; undefined when no seat is free or somebody waits for one. */
  readonly make: (wish: LaunchWish, signal: AbortSignal) => Promise<Launched | undefined>;
}

interface Waiting {
  readonly browser: Launched;
  readonly callOff: () => void;
}

export class WarmPool {
  readonly #options: WarmPoolOptions;
  readonly #waiting: Waiting[] = [];
  readonly #closing = new AbortController();
  #filling: Promise<void> | undefined;
  #retry: (() => void) | undefined;
  #ends = new Set<Promise<void>>();

  constructor(options: WarmPoolOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** One that is as wished; the caller ends it. */
  take(wish: LaunchWish): Launched | undefined {
    if (!isSame(wish, this.#options.wish)) return undefined;
    const taken = this.#waiting.shift();
    taken?.callOff();
    return taken?.browser;
  }

  /** Gives a seat back for somebody who needs another kind. @returns false when there is none */
  async yieldSeat(): Promise<boolean> {
    const oldest = this.#waiting.shift();
    if (!oldest) return false;
    oldest.callOff();
    await this.#end(oldest.browser);
    return true;
  }

  /** Makes them as many as there should be, in the background. */
  fill(): void {
    if (this.#closing.signal.aborted || this.#waiting.length >= this.#options.size) return;
    this.#filling ??= this.#fill().finally(() => (this.#filling = undefined));
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error("the desk closes"));
    this.#retry?.();
    await this.#filling;
    while (await this.yieldSeat());
    await Promise.all(this.#ends);
  }

  async #fill(): Promise<void> {
    const { signal } = this.#closing;
    const { size, wish, scheduler, log } = this.#options;
    this.#retry?.();
    this.#retry = undefined;
    try {
      while (this.#waiting.length < size && !signal.aborted) {
        const browser = await this.#options.make(wish, signal);
        if (!browser) return;
        this.#keep(browser);
      }
    } catch (error) {
      if (signal.aborted) return;
      log.warn("no browser could be started ahead", { reason: messageOf(error) });
      this.#retry = scheduler.after(RETRY_MS, () => this.fill());
    }
  }

  #keep(browser: Launched): void {
    const callOff = this.#options.scheduler.after(LONGEST_WAIT_MS, () => this.#replace(browser));
    this.#waiting.push({ browser, callOff });
    this.#options.log.debug("a browser waits for a machine", { waiting: this.#waiting.length });
    void browser.lost.then(() => this.#replace(browser));
  }

  /** Does nothing for one that was taken. */
  #replace(browser: Launched): void {
    const at = this.#waiting.findIndex((one) => one.browser === browser);
    if (at < 0) return;
    this.#waiting.splice(at, 1)[0]?.callOff();
    void this.#end(browser).then(() => this.fill());
  }

  async #end(browser: Launched): Promise<void> {
    const ending = browser.end().catch((error: unknown) => {
      this.#options.log.warn("a browser that waited did not end cleanly", {
        reason: messageOf(error),
      });
    });
    this.#ends.add(ending);
    await ending;
    this.#ends.delete(ending);
  }
}

function isSame(one: LaunchWish, other: LaunchWish): boolean {
  return (
    one.size.width === other.size.width &&
    one.size.height === other.size.height &&
    one.userAgent === other.userAgent &&
    one.java === other.java &&
    one.file?.path === other.file?.path
  );
}

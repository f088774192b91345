/**
 * Lets pages hear that they are left, so that their unload handlers log out. What they send then outlives
 * them (sendBeacon, fetch with keepalive) and gets a moment to arrive.
 */
import type { Tab } from "./tab.ts";
import { untilLoaded } from "./travel.ts";
import type { Windows } from "./windows.ts";

/** For requests that unload handlers sent. */
const FAREWELL_MS = 1000;
const NO_BUFFERS = { maxTotalBufferSize: 0, maxResourceBufferSize: 0, maxPostDataSize: 0 };

/** Never fails: whoever cannot hear it is closed anyway. */
export async function sayGoodbye(windows: Windows, limitMs: number): Promise<void> {
  await Promise.all(windows.all.map((tab) => leave(tab, limitMs).catch(() => undefined)));
}

async function leave(tab: Tab, limitMs: number): Promise<void> {
  if (!/^https?:/.test(tab.url)) return;
  const watch = new RequestWatch(tab);
  try {
    const { document } = tab;
    await tab.cdp.send("Network.enable", NO_BUFFERS, { limitMs });
    await tab.cdp.send("Page.navigate", { url: "about:blank" }, { limitMs });
    await untilLoaded(tab, limitMs, AbortSignal.timeout(limitMs), (now) => now !== document);
    await watch.quiet(Math.min(limitMs, FAREWELL_MS));
  } finally {
    watch.end();
  }
}

/** Counts the requests that are under way. */
class RequestWatch {
  readonly #open = new Set<unknown>();
  readonly #stop: () => void;
  #wake: () => void = () => undefined;

  constructor(tab: Tab) {
    this.#stop = tab.onRequest((method, requestId) => {
      if (method === "Network.requestWillBeSent") this.#open.add(requestId);
      else this.#open.delete(requestId);
      if (this.#open.size === 0) this.#wake();
    });
  }

  async quiet(limitMs: number): Promise<void> {
    if (this.#open.size === 0) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = setTimeout(resolve, limitMs);
    });
    clearTimeout(timer);
  }

  end(): void {
    this.#stop();
  }
}

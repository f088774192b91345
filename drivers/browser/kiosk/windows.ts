/**
 * Every target of the browser, judged before it runs: one page is the page, a window that the recipe waits
 * for becomes it, all others are closed.
 */
import type { CdpClient, CdpEvent } from "../cdp/client.ts";
import { Tab } from "./tab.ts";
import type { KioskBounds } from "./kiosk.ts";

interface TargetInfo {
  readonly targetId: string;
  readonly type: string;
  readonly url: string;
  readonly openerId?: string;
}

/**
 * A window that the page opened and that nobody asked for yet. It runs, locked like any other.
 * FACT(Chromium 156, tried): as long as a popup waits for its debugger, its opener stands still too.
 */
interface HeldWindow {
  readonly tab: Tab;
  readonly timer: NodeJS.Timeout;
}

/** Between a click that opens a window and the step that wants it. */
const HOLD_MS = 5000;
const HELD_LIMIT = 4;
const WORKERS = new Set(["service_worker", "shared_worker"]);
/** Of no page: Chromium's own surfaces, which show nothing while nobody uses them. */
const OWN_SURFACE = /^chrome:\/\/[a-z-]+\.top-chrome\//;

export class Windows {
  readonly #client: CdpClient;
  readonly #tabs = new Map<string, Tab>();
  readonly #held: HeldWindow[] = [];
  #claim: ((tab: Tab) => void) | undefined;
  #current: Tab | undefined;
  #onFirst: ((tab: Tab) => void) | undefined;
  #sealed = false;
  #covered = false;
  bounds: KioskBounds | undefined;
  /** Called when a page crashed or torments us. */
  onTrouble: (why: string) => void = () => undefined;

  constructor(client: CdpClient) {
    this.#client = client;
    client.onEvent((event) => this.#take(event));
  }

  /** Attaches to everything there is and will be. @returns the first page, locked */
  async begin(): Promise<Tab> {
    const first = new Promise<Tab>((resolve) => (this.#onFirst = resolve));
    await this.#client.send("Target.setAutoAttach", {
      autoAttach: true,
      waitForDebuggerOnStart: true,
      flatten: true,
      filter: [{ type: "browser", exclude: true }, { type: "tab", exclude: true }, {}],
    });
    const tab = await within(first, 10_000);
    await tab.prepare();
    this.#current = tab;
    return tab;
  }

  /** What recipes act on. Falls back to a page that is still there. */
  get current(): Tab | undefined {
    if (this.#current?.gone) this.#current = [...this.#tabs.values()].findLast((tab) => !tab.gone);
    return this.#current;
  }

  get all(): readonly Tab[] {
    return [...this.#tabs.values()];
  }

  /** From now on no window opens. */
  seal(sealed: boolean): void {
    this.#sealed = sealed;
    if (sealed) for (const { tab } of this.#held.splice(0)) this.#refuse(tab.targetId);
  }

  /** @returns a window that was opened lately, or the next one; it runs, locked, and is the page now */
  async next(limitMs: number, signal: AbortSignal, open?: () => Promise<void>): Promise<Tab> {
    const tab = await this.#waitForWindow(limitMs, signal, open);
    await tab.prepare();
    await this.#cover(tab);
    this.#current = tab;
    return tab;
  }

  /** Blackens all pages but this one; for good, and those that will come. One that does not hear is closed. */
  async cover(except?: Tab): Promise<void> {
    this.#covered = true;
    const others = this.all.filter((tab) => tab !== except);
    await Promise.all(others.map((tab) => tab.cover().catch(() => this.#refuse(tab.targetId))));
  }

  end(): void {
    for (const { timer } of this.#held.splice(0)) clearTimeout(timer);
    for (const tab of this.#tabs.values()) tab.end();
    this.#tabs.clear();
  }

  async #waitForWindow(
    limitMs: number,
    signal: AbortSignal,
    open?: () => Promise<void>,
  ): Promise<Tab> {
    const held = open ? undefined : this.#held.shift();
    if (held) {
      clearTimeout(held.timer);
      return held.tab;
    }
    try {
      const opened = new Promise<Tab>((resolve) => (this.#claim = resolve));
      // The opening script ends only when the window runs.
      const failed = new Promise<never>((_resolve, reject) => {
        open?.().catch(reject);
      });
      return await within(Promise.race([opened, failed]), limitMs, signal);
    } finally {
      this.#claim = undefined;
    }
  }

  /** A window with a frame of its own has to cover the display, as the first one does. */
  async #cover({ targetId }: Tab): Promise<void> {
    const { windowId, bounds } = await this.#client.send<{
      windowId: number;
      bounds: { windowState?: string };
    }>("Browser.getWindowForTarget", { targetId });
    if (bounds.windowState === "fullscreen") return;
    const windowState = "fullscreen";
    await this.#client.send("Browser.setWindowBounds", { windowId, bounds: { windowState } });
  }

  #take(event: CdpEvent): void {
    const { method, params, sessionId } = event;
    if (method === "Target.attachedToTarget" && sessionId === undefined)
      this.#attached(params["sessionId"] as string, params["targetInfo"] as TargetInfo);
    else if (method === "Target.detachedFromTarget") this.#detached(params["sessionId"] as string);
    else if (sessionId !== undefined) this.#tabs.get(sessionId)?.take(event);
  }

  #attached(sessionId: string, info: TargetInfo): void {
    if (WORKERS.has(info.type)) return this.#judgeWorker(sessionId, info);
    if (info.type !== "page") return;
    if (OWN_SURFACE.test(info.url)) return;
    if (/^(?:chrome|devtools|chrome-extension|file|view-source):/.test(info.url))
      return this.#refuse(info.targetId);
    const tab = new Tab({
      targetId: info.targetId,
      cdp: this.#client.session(sessionId),
      bounds: () => this.bounds,
      isCovered: () => this.#covered,
    });
    tab.onNews((news) => {
      if (news === "crashed") this.onTrouble("a page crashed");
      if (news === "dialogs") this.onTrouble("a page opens dialogs without end");
    });
    this.#tabs.set(sessionId, tab);
    this.#place(tab);
  }

  #place(tab: Tab): void {
    if (this.#onFirst) {
      this.#onFirst(tab);
      this.#onFirst = undefined;
    } else if (this.#sealed) this.#refuseUnseen(tab);
    else if (this.#claim) {
      this.#claim(tab);
      this.#claim = undefined;
    } else if (this.#held.length >= HELD_LIMIT) this.#refuseUnseen(tab);
    else this.#hold(tab);
  }

  #hold(tab: Tab): void {
    const timer = setTimeout(() => {
      const at = this.#held.findIndex((held) => held.tab === tab);
      if (at >= 0) this.#held.splice(at, 1);
      this.#refuse(tab.targetId);
    }, HOLD_MS);
    this.#held.push({ tab, timer });
    tab.prepare().catch(() => undefined);
  }

  /** One of the BMC's own may run; of others nothing could be loaded anyway. */
  #judgeWorker(sessionId: string, { url, targetId }: TargetInfo): void {
    if (this.bounds && URL.canParse(url) && new URL(url).origin === this.bounds.origin)
      this.#client
        .session(sessionId)
        .send("Runtime.runIfWaitingForDebugger")
        .catch(() => undefined);
    else this.#refuse(targetId);
  }

  /** A window that has not run yet: no script of it ever does, and its opener need not wait for it. */
  #refuseUnseen({ targetId, cdp }: Tab): void {
    void Promise.allSettled([
      cdp.send("Emulation.setScriptExecutionDisabled", { value: true }),
      cdp.send("Runtime.runIfWaitingForDebugger"),
    ]);
    this.#refuse(targetId);
  }

  /** The keys go back to the page: a new window had them for a moment. */
  #refuse(targetId: string): void {
    this.#client
      .send("Target.closeTarget", { targetId })
      .then(() => this.#current?.cdp.send("Page.bringToFront"))
      .catch(() => undefined);
  }

  #detached(sessionId: string): void {
    const tab = this.#tabs.get(sessionId);
    if (!tab) return;
    this.#tabs.delete(sessionId);
    const at = this.#held.findIndex((held) => held.tab === tab);
    if (at >= 0) clearTimeout(this.#held.splice(at, 1)[0]!.timer);
    tab.end();
  }
}

/** @throws {Error} when it does not come in time, the signal's reason */
async function within<T>(wanted: Promise<T>, limitMs: number, signal?: AbortSignal): Promise<T> {
  signal?.throwIfAborted();
  let timer: NodeJS.Timeout | undefined;
  let aborted: (() => void) | undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`nothing within ${limitMs} ms`)), limitMs);
      aborted = (): void => reject(signal?.reason as Error);
      signal?.addEventListener("abort", aborted);
      wanted.then(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
    if (aborted) signal?.removeEventListener("abort", aborted);
  }
}

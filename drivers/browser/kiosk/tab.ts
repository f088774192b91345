/**
 * One page of the browser: where it is, whether it is loaded, and what it may not do by itself (dialogs,
 * file choosers, printing). It knows nothing of other pages.
 */
import type { CdpEvent, CdpParams, CdpTarget } from "../cdp/client.ts";
import { pageCover } from "./in-page-crop.ts";
import type { KioskBounds } from "./kiosk.ts";
import { PageWorld, WORLD } from "./page-world.ts";
import { KEY_GUARD } from "../sandbox/key-guard.ts";

/** A page that asks more often than this is out of its mind, or wants us to be. */
const DIALOG_LIMIT = 200;
const URL_LIMIT = 4096;
const COVER_LIMIT_MS = 1000;
/**
 * What brings up something of Chromium's own over the picture, with the BMC's address in it. A locked
 * pointer would be of no use besides: RFB says where it is, never how far it went.
 */
const NO_SURFACES = `{
const refuse = () => Promise.reject(new TypeError("not here"));
const instead = { print() {}, requestFullscreen: refuse, webkitRequestFullscreen() {}, requestPointerLock: refuse, registerProtocolHandler() {} };
for (const owner of [window, Element.prototype, Navigator.prototype])
  for (const [name, value] of Object.entries(instead))
    if (Object.hasOwn(owner, name)) Object.defineProperty(owner, name, { value, configurable: false });
}`;

interface FrameInfo {
  readonly id: string;
  readonly parentId?: string;
  readonly loaderId: string;
  readonly url: string;
  readonly urlFragment?: string;
}

export interface TabOptions {
  readonly targetId: string;
  readonly cdp: CdpTarget;
  readonly bounds: () => KioskBounds | undefined;
  /** Whether it has to be black from the beginning. */
  readonly isCovered: () => boolean;
}

/** What a tab tells its keeper. */
export type TabNews = "navigated" | "moved" | "loaded" | "crashed" | "dialogs" | "gone";

export class Tab {
  readonly targetId: string;
  readonly cdp: CdpTarget;
  readonly world: PageWorld;
  readonly #bounds: () => KioskBounds | undefined;
  readonly #isCovered: () => boolean;
  readonly #listeners = new Set<(news: TabNews) => void>();
  readonly #requestListeners = new Set<(method: string, requestId: unknown) => void>();
  #mainFrame = "";
  #url = "about:blank";
  #document = "";
  #loaded = false;
  #ready = false;
  #dialogs = 0;
  #coverScript: string | undefined;
  #gone = false;
  #prepared: Promise<void> | undefined;

  constructor(options: TabOptions) {
    this.targetId = options.targetId;
    this.cdp = options.cdp;
    this.world = new PageWorld(options.cdp, () => this.#mainFrame);
    this.#bounds = options.bounds;
    this.#isCovered = options.isCovered;
  }

  get url(): string {
    return this.#url;
  }
  /** Changes with every document of the main frame. */
  get document(): string {
    return this.#document;
  }
  /** Its document and all that belongs to it. */
  get loaded(): boolean {
    return this.#loaded;
  }
  /** Its document alone. */
  get ready(): boolean {
    return this.#ready;
  }
  get gone(): boolean {
    return this.#gone;
  }

  onNews(listener: (news: TabNews) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Hears of requests, once the Network domain is enabled. */
  onRequest(listener: (method: string, requestId: unknown) => void): () => void {
    this.#requestListeners.add(listener);
    return () => this.#requestListeners.delete(listener);
  }

  /** Puts the lock on before anything of the page runs, then lets it run. The same when called again. */
  prepare(): Promise<void> {
    this.#prepared ??= this.#prepare();
    return this.#prepared;
  }

  async #prepare(): Promise<void> {
    const send = (method: string, params?: CdpParams): Promise<CdpParams> =>
      this.cdp.send(method, params);
    await Promise.all([
      send("Page.enable"),
      send("Inspector.enable"),
      send("Page.setInterceptFileChooserDialog", { enabled: true }),
      send("Page.addScriptToEvaluateOnNewDocument", { source: NO_SURFACES }),
      send("Page.addScriptToEvaluateOnNewDocument", {
        source: KEY_GUARD,
        worldName: WORLD,
        runImmediately: true,
      }),
      ...(this.#isCovered() ? [this.cover().then(() => ({}))] : []),
      send("Page.getFrameTree").then((tree) => this.#readFrameTree(tree)),
      send("Runtime.runIfWaitingForDebugger"),
    ]);
    await this.cdp
      .send("Runtime.evaluate", { expression: NO_SURFACES }, { limitMs: 2000 })
      .catch(() => undefined);
  }

  /** Takes an event of its session. */
  take({ method, params }: CdpEvent): void {
    switch (method) {
      case "Page.frameNavigated":
        return this.#navigated(params["frame"] as FrameInfo);
      case "Page.navigatedWithinDocument":
        if (params["frameId"] !== this.#mainFrame) return;
        this.#url = String(params["url"]).slice(0, URL_LIMIT);
        return this.#tell("moved");
      case "Page.domContentEventFired":
        this.#ready = true;
        return this.#tell("loaded");
      case "Page.loadEventFired":
        this.#loaded = this.#ready = true;
        return this.#tell("loaded");
      case "Page.javascriptDialogOpening":
        return this.#answerDialog(params);
      case "Page.fileChooserOpened":
        return this.#answerChooser(params);
      case "Inspector.targetCrashed":
        return this.#tell("crashed");
      case "Network.requestWillBeSent":
      case "Network.loadingFinished":
      case "Network.loadingFailed":
        for (const listener of this.#requestListeners) listener(method, params["requestId"]);
    }
  }

  /** Its target is no more. */
  end(): void {
    this.#gone = true;
    this.#tell("gone");
    this.#listeners.clear();
  }

  /** Black from now on, in all its frames, whatever document comes. */
  cover(): Promise<void> {
    return this.#addCover(true);
  }

  /** Every document that comes is black, until its picture is framed. */
  coverNew(): Promise<void> {
    return this.#coverScript === undefined ? this.#addCover(false) : Promise.resolve();
  }

  async #addCover(runImmediately: boolean): Promise<void> {
    const limits = { limitMs: COVER_LIMIT_MS };
    const { identifier } = await this.cdp.send<{ identifier: string }>(
      "Page.addScriptToEvaluateOnNewDocument",
      { source: `(${pageCover.toString()})()`, worldName: WORLD, runImmediately },
      limits,
    );
    // Not before: who covers at the same time must not remove the same one.
    const before = this.#coverScript;
    this.#coverScript = identifier;
    if (before !== undefined)
      await this.cdp.send(
        "Page.removeScriptToEvaluateOnNewDocument",
        { identifier: before },
        limits,
      );
  }

  #readFrameTree(tree: CdpParams): CdpParams {
    const { frame } = tree["frameTree"] as { frame: FrameInfo };
    this.#mainFrame = frame.id;
    this.#url = urlOf(frame);
    this.#document = frame.loaderId;
    return tree;
  }

  #navigated(frame: FrameInfo): void {
    if (frame.parentId !== undefined) return;
    this.#mainFrame = frame.id;
    this.#url = urlOf(frame);
    this.#document = frame.loaderId;
    this.#ready = this.#loaded = false;
    this.world.forget();
    this.#tell("navigated");
  }

  #answerDialog({ type, defaultPrompt }: CdpParams): void {
    this.#dialogs++;
    if (this.#dialogs === DIALOG_LIMIT) this.#tell("dialogs");
    const accept = type === "beforeunload" || this.#bounds()?.dialogs === "accept";
    const promptText = typeof defaultPrompt === "string" ? defaultPrompt.slice(0, 1000) : "";
    this.cdp.send("Page.handleJavaScriptDialog", { accept, promptText }).catch(() => undefined);
  }

  /** Intercepting alone cancels it: no answer, no file. */
  #answerChooser({ backendNodeId }: CdpParams): void {
    const file = this.#bounds()?.file;
    if (file === undefined || file === null || backendNodeId === undefined) return;
    this.cdp.send("DOM.setFileInputFiles", { files: [file], backendNodeId }).catch(() => undefined);
  }

  #tell(news: TabNews): void {
    for (const listener of this.#listeners) listener(news);
  }
}

function urlOf(frame: FrameInfo): string {
  return `${frame.url}${frame.urlFragment ?? ""}`.slice(0, URL_LIMIT);
}

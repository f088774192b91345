/** Takes hold of a session's browser: the {@link Kiosk} of a {@link SessionProcess}. */
import { setTimeout as sleep } from "node:timers/promises";
import { CdpClient } from "../cdp/client.ts";
import { PageError, messageOf } from "../../base.ts";
import type { Picture } from "../../../common/console-recipe/recipe.ts";
import { sayGoodbye } from "./goodbye.ts";
import type { Kiosk, KioskBounds, KioskOptions, ShownPicture } from "./kiosk.ts";
import { BrowserPage } from "./kiosk-page.ts";
import type { KioskPage } from "./page.ts";
import { Stage } from "./stage.ts";
import { Windows } from "./windows.ts";

const HEARTBEAT_MS = 5000;
/** A browser that is silent for so long is as good as gone. */
const SILENCE_MS = 10_000;
/** From its start to its first answer; the machine may be busy. */
const LAUNCH_MS = 30_000;

/** @throws {PageError} with failure `browser` when it does not answer */
export async function openKiosk(options: KioskOptions): Promise<Kiosk> {
  const client = new CdpClient(options.process.cdp);
  try {
    await client.send("Browser.getVersion", {}, { limitMs: LAUNCH_MS });
    const windows = new Windows(client);
    await Promise.all([
      client.send("Browser.setDownloadBehavior", { behavior: "deny" }),
      // FACT(https://chromedevtools.github.io/devtools-protocol/tot/Browser/#method-grantPermissions):
      // rejects all others.
      client.send("Browser.grantPermissions", { permissions: [] }),
      windows.begin(),
    ]);
    return new BrowserKiosk(options, client, windows);
  } catch (error) {
    client.close("it could not be held");
    throw new PageError("browser", `the browser cannot be used: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

class BrowserKiosk implements Kiosk {
  readonly page: KioskPage;
  readonly lost: Promise<string>;
  onFramed: (framed: boolean) => void = () => undefined;
  readonly #client: CdpClient;
  readonly #windows: Windows;
  readonly #stage: Stage;
  readonly #beat: NodeJS.Timeout;
  #tellLost: (why: string) => void = () => undefined;

  constructor(options: KioskOptions, client: CdpClient, windows: Windows) {
    this.#client = client;
    this.#windows = windows;
    this.page = new BrowserPage(windows);
    const { page } = this;
    const onFramed = (framed: boolean): void => this.onFramed(framed);
    this.#stage = new Stage({ ...options, windows, page, onFramed });
    const lost = new Promise<string>((resolve) => (this.#tellLost = resolve));
    this.lost = lost.then((why) => this.#end(why));
    windows.onTrouble = (why) => this.#tellLost(why);
    void client.closed.then((why) => this.#tellLost(why));
    void options.process.ended.then(({ reason }) => this.#tellLost(`the browser ended: ${reason}`));
    this.#beat = setInterval(() => this.#feelPulse(), HEARTBEAT_MS);
  }

  bind(bounds: KioskBounds): Promise<void> {
    this.#windows.bounds = bounds;
    return Promise.resolve();
  }

  showOnly(
    picture: Picture,
    allowedPaths: readonly string[],
    onStray: (why: string) => void,
    signal: AbortSignal,
  ): Promise<ShownPicture> {
    return this.#stage.show(picture, allowedPaths, onStray, signal);
  }

  cover(): Promise<void> {
    return this.#stage.cover();
  }

  async close(limitMs: number): Promise<void> {
    this.#stage.end();
    this.#windows.seal(true);
    const deadline = performance.now() + limitMs;
    await sayGoodbye(this.#windows, limitMs);
    const leftMs = Math.max(200, deadline - performance.now());
    const closed = this.#client.send("Browser.close", {}, { limitMs: leftMs });
    await closed.then(() => this.#untilGone(leftMs)).catch(() => undefined);
    this.#tellLost("it was closed");
    await this.lost;
  }

  /** The pipe ends when the browser has written its profile; then nothing of it runs. */
  async #untilGone(limitMs: number): Promise<void> {
    const timer = new AbortController();
    const late = sleep(limitMs, undefined, { signal: timer.signal }).catch(() => undefined);
    await Promise.race([this.#client.closed, late]);
    timer.abort();
  }

  #feelPulse(): void {
    this.#client
      .send("Browser.getVersion", {}, { limitMs: SILENCE_MS })
      .catch(() => this.#tellLost(`the browser has been silent for ${SILENCE_MS / 1000} s`));
  }

  #end(why: string): string {
    clearInterval(this.#beat);
    this.#stage.end();
    this.#windows.end();
    this.#client.close(why);
    return why;
  }
}

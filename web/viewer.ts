/**
 * The machine's screen: wraps one noVNC connection. A viewer lives as long as its channel; after that a
 * new one is made. Never asks for credentials: the service has signed in to the machine already.
 */
import type RFB from "@novnc/novnc";
import type { ConsoleChannel } from "./console-channel.ts";

export type RFBClass = typeof RFB;

export interface ViewerListener {
  connected(): void;
  /** noVNC gave up although the channel is open. */
  failed(): void;
  clipboard(text: string): void;
}

export interface ViewerOptions {
  readonly rfbClass: RFBClass;
  /** An empty element that noVNC fills. */
  readonly target: HTMLElement;
  readonly channel: ConsoleChannel;
  readonly fit: boolean;
  readonly listener: ViewerListener;
}

export class Viewer {
  readonly #rfb: RFB;
  readonly #target: HTMLElement;
  #over = false;

  constructor({ rfbClass, target, channel, fit, listener }: ViewerOptions) {
    this.#target = target;
    this.#rfb = new rfbClass(target, channel, { shared: true });
    this.#rfb.background = "transparent";
    this.#rfb.showDotCursor = true;
    this.fit = fit;
    this.#rfb.addEventListener("connect", () => listener.connected());
    this.#rfb.addEventListener("clipboard", (event) => listener.clipboard(event.detail.text));
    this.#rfb.addEventListener("credentialsrequired", () => listener.failed());
    this.#rfb.addEventListener("disconnect", (event) => {
      const failed = !event.detail.clean && !this.#over;
      this.#over = true;
      if (failed) listener.failed();
    });
    target.addEventListener("focusout", releaseAllKeys);
  }

  get viewOnly(): boolean {
    return this.#rfb.viewOnly;
  }

  set viewOnly(viewOnly: boolean) {
    this.#rfb.viewOnly = viewOnly;
  }

  /** True scales the screen to the window, false shows it pixel by pixel with scroll bars. */
  set fit(fit: boolean) {
    this.#rfb.scaleViewport = fit;
  }

  focus(): void {
    this.#rfb.focus({ preventScroll: true });
  }

  /** @param keysym X11 keysym; @param code KeyboardEvent.code of the same key; both ways when `down` is left out */
  sendKey(keysym: number, code: string, down?: boolean): void {
    this.#rfb.sendKey(keysym, code, down);
  }

  sendCtrlAltDel(): void {
    this.#rfb.sendCtrlAltDel();
  }

  /** Puts text on the machine's clipboard; types nothing. */
  sendClipboard(text: string): void {
    this.#rfb.clipboardPasteFrom(text);
  }

  /** @returns the screen as a PNG, undefined while there is none */
  async toPng(): Promise<Blob | undefined> {
    const blob = await new Promise<Blob | null>((resolve) => {
      this.#rfb.toBlob(resolve, "image/png");
    });
    return blob ?? undefined;
  }

  /** @returns a copy of the picture as it is now, undefined when there never was one */
  snapshot(): HTMLCanvasElement | undefined {
    const screen = this.#target.querySelector("canvas");
    if (!screen || screen.width === 0 || screen.height === 0) return undefined;
    const copy = document.createElement("canvas");
    copy.width = screen.width;
    copy.height = screen.height;
    copy.getContext("2d")?.drawImage(screen, 0, 0);
    return copy;
  }

  /** Ends the noVNC connection without a word to the listener. */
  dispose(): void {
    this.#target.removeEventListener("focusout", releaseAllKeys);
    if (this.#over) return;
    this.#over = true;
    this.#rfb.disconnect();
  }
}

/**
 * Lets go of every key the machine believes is down when the screen loses the focus inside the page.
 * FACT(noVNC 1.7, core/input/keyboard.js): it does so by itself only when the whole window loses it.
 */
function releaseAllKeys(): void {
  window.dispatchEvent(new Event("blur"));
}

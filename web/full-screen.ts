/**
 * Full screen and the collapsible bar. In full screen the bar folds away and, where the browser can
 * (Keyboard Lock), keys such as Escape, Alt+Tab and Ctrl+W reach the machine.
 */
import { box, button } from "./elements.ts";

/** Keyboard Lock API (WICG draft), Chromium only. */
interface KeyboardLock {
  lock(): Promise<void>;
  unlock(): void;
}

export class FullScreen {
  readonly #app = box("app");
  readonly #toggle = button("fullscreen");
  readonly #fold = button("fold");
  readonly #unfold = button("unfold");

  /** @param onChange the room for the screen changed: focus it again */
  constructor(onChange: () => void) {
    this.#toggle.hidden = !document.fullscreenEnabled;
    this.#toggle.addEventListener("click", () => void this.#switch());
    this.#fold.addEventListener("click", () => {
      this.#setFolded(true);
      onChange();
    });
    this.#unfold.addEventListener("click", () => this.focusBar());
    document.addEventListener("fullscreenchange", () => {
      const full = document.fullscreenElement !== null;
      this.#toggle.setAttribute("aria-pressed", String(full));
      this.#setFolded(full);
      if (!full) keyboardLock()?.unlock();
      onChange();
    });
  }

  /** Brings the bar back and puts the keyboard focus into it. */
  focusBar(): void {
    this.#setFolded(false);
    this.#app.querySelector<HTMLElement>("#bar button:not(:disabled):not([hidden])")?.focus();
  }

  async #switch(): Promise<void> {
    if (document.fullscreenElement) {
      await document.exitFullscreen();
      return;
    }
    try {
      await document.documentElement.requestFullscreen({ navigationUI: "hide" });
      await keyboardLock()?.lock();
    } catch {
      // Refused by the browser or the embedding page: the page stays as it is.
    }
  }

  #setFolded(folded: boolean): void {
    this.#app.dataset["folded"] = String(folded);
    this.#unfold.hidden = !folded;
  }
}

function keyboardLock(): KeyboardLock | undefined {
  return (navigator as Navigator & { keyboard?: KeyboardLock }).keyboard;
}

/** The banner that says that the session is about to end, with its countdown and "Keep open". */
import { box, button } from "./elements.ts";

export type WarningReason = "idle_timeout" | "session_limit";

export class WarningBanner {
  readonly #banner = box("warning");
  readonly #text = box("warning-text");
  readonly #countdown = box("warning-countdown");
  readonly #keepOpen = button("keep-open");
  #ticker: ReturnType<typeof setInterval> | undefined;

  /** @param onKeepOpen the button was pressed */
  constructor(onKeepOpen: () => void) {
    this.#keepOpen.addEventListener("click", onKeepOpen);
  }

  show(reason: WarningReason, secondsLeft: number): void {
    this.hide();
    const endMs = performance.now() + secondsLeft * 1000;
    const tick = (): void => {
      const seconds = Math.max(0, Math.ceil((endMs - performance.now()) / 1000));
      this.#countdown.textContent = minutesAndSeconds(seconds);
    };
    this.#text.textContent =
      reason === "idle_timeout"
        ? "Nobody typed or clicked for a while. The console closes in"
        : "The session reaches its time limit. The console closes in";
    // Only idleness can be put off; the absolute limit is the operator's.
    this.#keepOpen.hidden = reason !== "idle_timeout";
    this.#banner.hidden = false;
    tick();
    this.#ticker = setInterval(tick, 500);
  }

  hide(): void {
    clearInterval(this.#ticker);
    this.#banner.hidden = true;
  }
}

/** @returns for example 4:05 */
function minutesAndSeconds(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

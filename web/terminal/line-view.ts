/** Shows what the serial line does: in the bar's chip, and in a strip while it is not connected. */
import { box } from "../elements.ts";
import { detailSentence, wordsForLine } from "./line-words.ts";
import type { LineState } from "./serial-messages.ts";

export class LineView {
  readonly #app = box("app");
  readonly #strip = box("line");
  readonly #text = box("line-text");
  readonly #countdown = box("line-countdown");
  readonly #chip = box("chip-text");
  readonly #announcer = box("announcer");
  #ticker: ReturnType<typeof setInterval> | undefined;

  /** @param line undefined while the console itself is not connected */
  show(line: LineState | undefined): void {
    clearInterval(this.#ticker);
    this.#strip.hidden = line === undefined || line.state === "connected";
    this.#countdown.textContent = "";
    if (line === undefined) {
      delete this.#app.dataset["line"];
      return;
    }
    const before = this.#app.dataset["line"];
    this.#app.dataset["line"] = line.state;
    const { title } = wordsForLine(line.state);
    const sentences = [`${title}.`, detailSentence(line)].filter(Boolean).join(" ");
    this.#text.textContent = sentences;
    this.chip(line);
    if (before !== line.state) this.#announcer.textContent = sentences;
    if (line.state !== "connected" && line.retrySeconds !== undefined)
      this.#countDown(line.retrySeconds);
  }

  /** The chip once more, after the connection's own view wrote into it. */
  chip(line: LineState): void {
    if (this.#app.dataset["phase"] === "connected")
      this.#chip.textContent = wordsForLine(line.state).chip;
  }

  #countDown(retrySeconds: number): void {
    const endMs = performance.now() + retrySeconds * 1000;
    const tick = (): void => {
      const seconds = Math.max(0, Math.ceil((endMs - performance.now()) / 1000));
      this.#countdown.textContent = seconds > 0 ? `Next try in ${seconds} s.` : "Trying now.";
    };
    tick();
    this.#ticker = setInterval(tick, 250);
  }
}

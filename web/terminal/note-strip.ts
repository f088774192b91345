/** A sentence over the terminal that goes away by itself: why keys went nowhere, what was done. */
import { box, button } from "../elements.ts";
import type { Refusal } from "./typing-rules.ts";

const SHOWN_MS = 6000;

export class NoteStrip {
  readonly #strip = box("note");
  readonly #text = box("note-text");
  readonly #takeOver = button("note-take-over");
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param takeOver the user wants to type instead of whoever does */
  constructor(takeOver: () => void) {
    this.#takeOver.addEventListener("click", () => {
      this.hide();
      takeOver();
    });
  }

  say(text: string): void {
    this.refuse({ words: text, canTakeOver: false });
  }

  refuse({ words, canTakeOver }: Refusal): void {
    clearTimeout(this.#timer);
    // The same words again are no news to a screen reader.
    if (this.#text.textContent !== words) this.#text.textContent = words;
    this.#takeOver.hidden = !canTakeOver;
    this.#strip.hidden = false;
    this.#timer = setTimeout(() => this.hide(), SHOWN_MS);
  }

  hide(): void {
    clearTimeout(this.#timer);
    this.#strip.hidden = true;
    this.#text.textContent = "";
  }
}

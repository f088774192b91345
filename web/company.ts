/**
 * The strip that says that others are on this machine's screen too, and offers to take it over: their
 * connections end then, with a word, and they may join again. Joining needs no click: one has joined.
 */
import { box, button } from "./elements.ts";

export interface Others {
  /** People who may type. */
  readonly controlling: number;
  /** People who may only look. */
  readonly watching: number;
}

export class CompanyStrip {
  readonly #strip = box("company");
  readonly #text = box("company-text");
  readonly #takeOver = button("take-over");
  readonly #dismiss = button("company-dismiss");

  constructor(parts: { readonly takeOver: () => void; readonly back: () => void }) {
    this.#takeOver.addEventListener("click", () => {
      this.hide();
      parts.takeOver();
    });
    this.#dismiss.addEventListener("click", () => {
      this.hide();
      parts.back();
    });
  }

  /** @param viewOnly one who may only look takes nothing over */
  show(others: Others, viewOnly: boolean): void {
    this.#text.textContent = companySentence(others);
    this.#takeOver.hidden = viewOnly || others.controlling === 0;
    this.#strip.hidden = others.controlling + others.watching === 0;
  }

  hide(): void {
    this.#strip.hidden = true;
  }
}

function companySentence({ controlling, watching }: Others): string {
  const total = controlling + watching;
  const people = total === 1 ? "Somebody else is" : `${total} others are`;
  if (controlling === 0) return `${people} watching this machine.`;
  if (watching === 0) return `${people} on this machine too, and can type.`;
  return `${people} on this machine too; ${controlling} of them can type.`;
}

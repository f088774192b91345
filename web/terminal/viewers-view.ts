/** Who is attached: a number and a sentence in the bar, names in the panel, and "take over typing". */
import { box, button } from "../elements.ts";
import { nameOf, roleOf, viewersSentence } from "./line-words.ts";
import type { Attached } from "./serial-messages.ts";

export class ViewersView {
  readonly #opener = button("viewers-button");
  readonly #count = box("viewers-count");
  readonly #sentence = box("viewers-sentence");
  readonly #list = box("viewers-list");
  readonly #summary = box("viewers-summary");
  readonly #takeOver = button("take-over");

  constructor(takeOver: () => void) {
    this.#takeOver.addEventListener("click", takeOver);
  }

  show(viewers: readonly Attached[]): void {
    const sentence = viewersSentence(viewers);
    this.#opener.disabled = viewers.length === 0;
    this.#count.textContent = viewers.length === 0 ? "" : String(viewers.length);
    this.#opener.title = sentence || "Who is attached";
    this.#opener.setAttribute("aria-label", sentence ? `Viewers. ${sentence}` : "Viewers");
    this.#sentence.textContent = viewers.length > 1 ? sentence : "";
    this.#summary.textContent = sentence;
    this.#list.replaceChildren(...viewers.map(row));
    const you = viewers.find((viewer) => viewer.you);
    this.#takeOver.hidden = !you || you.mode !== "control" || you.writing;
  }
}

function row(viewer: Attached): HTMLElement {
  const item = document.createElement("li");
  const name = document.createElement("bdi");
  name.textContent = nameOf(viewer);
  const role = document.createElement("em");
  role.textContent = roleOf(viewer);
  item.dataset["writing"] = String(viewer.writing);
  item.append(name, role);
  return item;
}

/**
 * Keys that the browser keeps for itself or a touch screen does not have: the keys panel, and the row
 * below the terminal on touch screens. Ctrl there waits for the next character.
 */
import { box } from "../elements.ts";
import { controlCharacter, sequenceFor } from "./key-sequences.ts";

export interface KeyActions {
  type(text: string): void;
  focus(): void;
  applicationCursorKeys(): boolean;
}

export class KeyRow {
  readonly #actions: KeyActions;
  readonly #holds: readonly HTMLButtonElement[];
  #ctrl = false;

  constructor(actions: KeyActions) {
    this.#actions = actions;
    const places = [box("keys-panel"), box("touch-row")];
    const all = places.flatMap((place) => [...place.querySelectorAll("button")]);
    this.#holds = all.filter((key) => key.dataset["hold"] === "ctrl");
    for (const hold of this.#holds) {
      keepFocus(hold);
      hold.addEventListener("click", () => {
        this.#setCtrl(!this.#ctrl);
        this.#actions.focus();
      });
    }
    for (const key of all.filter((one) => one.dataset["key"] !== undefined)) {
      keepFocus(key);
      key.addEventListener("click", () => this.#press(key.dataset["key"] ?? ""));
    }
  }

  /** @returns what the typed text becomes while Ctrl waits for a character */
  translate(text: string): string {
    if (!this.#ctrl || text.length !== 1) return text;
    this.#setCtrl(false);
    return controlCharacter(text) ?? text;
  }

  #press(name: string): void {
    const keys = sequenceFor(name, this.#actions.applicationCursorKeys());
    if (keys !== undefined) this.#actions.type(keys);
  }

  #setCtrl(held: boolean): void {
    this.#ctrl = held;
    for (const hold of this.#holds) hold.setAttribute("aria-pressed", String(held));
  }
}

/** The on-screen keyboard stays only while the terminal has the focus. */
function keepFocus(key: HTMLElement): void {
  key.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "mouse") event.preventDefault();
  });
}

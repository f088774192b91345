/**
 * The keys panel: keys that are pressed once, and modifiers that stay down until they are released.
 * index.html names the keys (`data-key`, `data-hold`); the table knows what they are.
 */
import { box, button } from "./elements.ts";
import { keyNamed, MODIFIERS, type ModifierName } from "./key-table.ts";

/** Sends one key to the machine; both press and release when `down` is left out. */
export type SendKey = (keysym: number, code: string, down?: boolean) => void;

export class KeyPanel {
  readonly #sendKey: SendKey;
  readonly #opener = button("keys-button");
  readonly #holds: readonly HTMLButtonElement[];

  constructor(sendKey: SendKey) {
    this.#sendKey = sendKey;
    const panel = box("keys-panel");
    this.#holds = [...panel.querySelectorAll<HTMLButtonElement>("button[data-hold]")];
    for (const hold of this.#holds) {
      hold.addEventListener("click", () => this.#setHeld(hold, !isHeld(hold)));
    }
    for (const key of panel.querySelectorAll<HTMLButtonElement>("button[data-key]")) {
      key.addEventListener("click", () => this.#press(key.dataset["key"] ?? ""));
    }
  }

  /** Lets go of every held modifier; called before a connection ends and when a new one starts. */
  releaseAll(): void {
    for (const hold of this.#holds) if (isHeld(hold)) this.#setHeld(hold, false);
  }

  /** @param chord for example `Tab` or `ctrl+alt+F1` */
  #press(chord: string): void {
    const parts = chord.split("+");
    const key = keyNamed(parts.pop() ?? "");
    if (!key) return;
    const modifiers = parts.map((name) => MODIFIERS[name as ModifierName]);
    for (const { keysym, code } of modifiers) this.#sendKey(keysym, code, true);
    this.#sendKey(key.keysym, key.code);
    for (const { keysym, code } of modifiers.toReversed()) this.#sendKey(keysym, code, false);
  }

  #setHeld(hold: HTMLButtonElement, held: boolean): void {
    const { keysym, code } = MODIFIERS[hold.dataset["hold"] as ModifierName];
    hold.setAttribute("aria-pressed", String(held));
    this.#sendKey(keysym, code, held);
    // Seen with the panel closed too: a forgotten Ctrl is a nasty surprise.
    if (this.#holds.some(isHeld)) this.#opener.dataset["news"] = "true";
    else delete this.#opener.dataset["news"];
  }
}

function isHeld(hold: HTMLButtonElement): boolean {
  return hold.getAttribute("aria-pressed") === "true";
}

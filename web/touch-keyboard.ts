/**
 * The on-screen keyboard of phones and tablets. They open it only for a text field and report text, not
 * keys; so there is a field nobody sees, and what changes in it becomes key presses.
 */
import { button, element } from "./elements.ts";
import { BACKSPACE, keysymForCharacter } from "./key-table.ts";
import type { SendKey } from "./key-panel.ts";
import { typedDifference } from "./typed-difference.ts";

/** Something to delete, else a backspace in an empty field changes nothing. */
const FILLING = "_".repeat(50);
const LONGEST_TEXT = 500;

export function listenToTouchKeyboard(sendKey: SendKey): void {
  const field = element("touch-field", HTMLTextAreaElement);
  const keyboard = new TouchKeyboard(field, sendKey);
  button("touch-keyboard").addEventListener("click", () => field.focus());
  field.addEventListener("input", (event) => {
    keyboard.changed(event instanceof InputEvent && event.isComposing);
  });
  field.addEventListener("blur", () => keyboard.reset());
}

class TouchKeyboard {
  readonly #field: HTMLTextAreaElement;
  readonly #sendKey: SendKey;
  #before = FILLING;

  constructor(field: HTMLTextAreaElement, sendKey: SendKey) {
    this.#field = field;
    this.#sendKey = sendKey;
    this.reset();
  }

  changed(isComposing: boolean): void {
    this.#type();
    if (!isComposing && this.#isSpent()) this.reset();
  }

  reset(): void {
    this.#field.value = FILLING;
    this.#before = FILLING;
  }

  #type(): void {
    const after = this.#field.value;
    const { backspaces, text } = typedDifference(this.#before, after);
    this.#before = after;
    for (let i = 0; i < backspaces; i++) this.#sendKey(BACKSPACE.keysym, BACKSPACE.code);
    for (const character of text) {
      const keysym = keysymForCharacter(character);
      if (keysym !== undefined) this.#sendKey(keysym, "");
    }
  }

  #isSpent(): boolean {
    return this.#before.length < 10 || this.#before.length > LONGEST_TEXT;
  }
}

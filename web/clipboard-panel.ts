/**
 * The clipboard panel: text to the machine's clipboard and text from it. The browser's own clipboard is
 * touched only when the user presses a button.
 */
import { box, button, element } from "./elements.ts";

export class ClipboardPanel {
  readonly #outgoing = element("clipboard-out", HTMLTextAreaElement);
  readonly #incoming = element("clipboard-in", HTMLTextAreaElement);
  readonly #note = box("clipboard-note");
  readonly #opener = button("clipboard-button");

  /** @param send puts text on the machine's clipboard */
  constructor(send: (text: string) => void) {
    button("clipboard-send").addEventListener("click", () => {
      send(this.#outgoing.value);
      this.#say("Sent. Paste it on the machine as usual there.");
    });
    this.#opener.addEventListener("click", () => delete this.#opener.dataset["news"]);
    button("clipboard-copy").addEventListener("click", () => void this.#copy());
  }

  /** Text that arrived from the machine. */
  receive(text: string): void {
    this.#incoming.value = text;
    this.#opener.dataset["news"] = "true";
    this.#say("The machine's clipboard changed.");
  }

  /** Drops both texts: they may be secrets, and belong to the connection that ended. */
  clear(): void {
    this.#incoming.value = "";
    this.#outgoing.value = "";
    this.#note.textContent = "";
    delete this.#opener.dataset["news"];
  }

  async #copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.#incoming.value);
      this.#say("Copied to this computer.");
    } catch {
      // Not in a secure context, or not allowed in this frame.
      this.#incoming.select();
      this.#say("Press Ctrl+C to copy the marked text.");
    }
  }

  #say(text: string): void {
    this.#note.textContent = text;
  }
}

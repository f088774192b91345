/**
 * Everything about pasting: the paste event of the terminal (Ctrl+Shift+V, the context menu, the middle
 * button), the panel with its options, the question before a long text, progress and cancel. What is
 * pasted goes to the sender; nothing reaches the machine from here directly.
 */
import { box, button, element } from "../elements.ts";
import type { PasteOptions, PasteProgress } from "./paced-sender.ts";
import {
  ASK_ABOVE_CHARACTERS,
  countInWords,
  durationInWords,
  pasteText,
  rateOf,
} from "./paste-text.ts";

export interface PasteActions {
  paste(text: string, options: PasteOptions): void;
  cancel(): void;
  /** The keyboard belongs to the terminal again. */
  done(): void;
}

const SHOWN_AFTER_END_MS = 4000;

export class PasteControl {
  readonly #actions: PasteActions;
  readonly #field = element("paste-text", HTMLTextAreaElement);
  readonly #rate = element("paste-rate", HTMLInputElement);
  readonly #lines = element("paste-lines", HTMLInputElement);
  readonly #bracketed = element("paste-bracketed", HTMLInputElement);
  readonly #note = box("paste-note");
  readonly #ask = element("paste-ask", HTMLDialogElement);
  readonly #question = box("paste-question");
  readonly #strip = box("progress");
  readonly #progress = box("progress-text");
  readonly #meter = element("progress-meter", HTMLProgressElement);
  readonly #cancel = button("paste-cancel");
  #asked = "";
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param stage where the terminal is */
  constructor(stage: HTMLElement, actions: PasteActions) {
    this.#actions = actions;
    // Before xterm.js, which would send the whole text at once.
    stage.addEventListener("paste", (event) => this.#pasted(event), { capture: true });
    button("paste-send").addEventListener("click", () => {
      this.offer(this.#field.value);
      this.#field.value = "";
    });
    button("paste-clipboard").addEventListener("click", () => void this.#readClipboard());
    button("paste-yes").addEventListener("click", () => this.#ask.close("yes"));
    button("paste-no").addEventListener("click", () => this.#ask.close(""));
    this.#ask.addEventListener("close", () => this.#answered());
    this.#cancel.addEventListener("click", () => {
      actions.cancel();
      actions.done();
    });
  }

  get options(): PasteOptions {
    return {
      charactersPerSecond: rateOf(this.#rate.valueAsNumber),
      lineByLine: this.#lines.checked,
      bracketed: this.#bracketed.checked,
    };
  }

  /** Pastes, or asks first. */
  offer(raw: string): void {
    const text = pasteText(raw);
    if (text === "") return;
    if (text.length <= ASK_ABOVE_CHARACTERS) {
      this.#start(text);
      return;
    }
    this.#asked = text;
    const { charactersPerSecond } = this.options;
    const lines = text.split("\r").length;
    const time = durationInWords(text.length / charactersPerSecond);
    this.#question.textContent = `${countInWords(text.length)} characters in ${countInWords(lines)} lines. At ${countInWords(charactersPerSecond)} characters a second it takes about ${time}.`;
    this.#ask.returnValue = "";
    if (!this.#ask.open) this.#ask.showModal();
  }

  show({ state, sent, total }: PasteProgress): void {
    clearTimeout(this.#timer);
    const of = `${countInWords(sent)} of ${countInWords(total)} characters`;
    const words = {
      running: `Pasting: ${of}`,
      held: `Paste waits for the line: ${of}`,
      done: `Pasted ${countInWords(total)} characters`,
      cancelled: `Paste cancelled after ${of}`,
      lost: `The connection was lost after ${of} of the paste`,
    };
    const isOver = state !== "running" && state !== "held";
    this.#progress.textContent = words[state];
    this.#strip.dataset["state"] = state;
    this.#meter.max = total;
    this.#meter.value = sent;
    this.#meter.hidden = isOver;
    this.#cancel.hidden = isOver;
    this.#strip.hidden = false;
    if (isOver) {
      this.#timer = setTimeout(() => {
        this.#strip.hidden = true;
      }, SHOWN_AFTER_END_MS);
    }
  }

  /** Drops what was written into the panel: it may be a secret, and belongs to the connection that ended. */
  clear(): void {
    this.#field.value = "";
    this.#note.textContent = "";
    if (this.#ask.open) this.#ask.close("");
  }

  #pasted(event: ClipboardEvent): void {
    event.preventDefault();
    event.stopPropagation();
    this.offer(event.clipboardData?.getData("text/plain") ?? "");
  }

  #start(text: string): void {
    this.#actions.paste(text, this.options);
    this.#actions.done();
  }

  #answered(): void {
    const text = this.#asked;
    this.#asked = "";
    if (this.#ask.returnValue === "yes" && text !== "") this.#start(text);
    else this.#actions.done();
  }

  async #readClipboard(): Promise<void> {
    try {
      this.#field.value = await navigator.clipboard.readText();
      this.#note.textContent = "";
    } catch {
      // Not in a secure context, or not allowed.
      this.#field.focus();
      this.#note.textContent = "Press Ctrl+V in the field above.";
    }
  }
}

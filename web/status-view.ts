/**
 * Shows the connection's state: the chip in the bar, the card over the screen, the tab's icon, and one
 * sentence for screen readers a state (the running countdown is not read out).
 */
import { MAXIMUM_TRIES, type ConnectionState } from "./connection.ts";
import { box, button, element } from "./elements.ts";
import { StartProgress } from "./start-progress.ts";
import { startSentence } from "./start-steps.ts";
import { referenceOf, wordsForEnding } from "./reasons.ts";

interface Shown {
  readonly chip: string;
  readonly title: string;
  readonly text: string;
  readonly reference: string;
  /** Label of the card's button; empty for none. */
  readonly action: string;
  readonly busy: boolean;
}

const ICON_COLOURS: Readonly<Record<ConnectionState["phase"], string>> = {
  connecting: "#d29922",
  starting: "#d29922",
  signing_in: "#d29922",
  waiting: "#d29922",
  connected: "#3fb950",
  closed: "#8b949e",
};

export class StatusView {
  readonly #app = box("app");
  readonly #chip = box("chip-text");
  readonly #card = box("card");
  readonly #title = box("card-title");
  readonly #text = box("card-text");
  readonly #countdown = box("card-countdown");
  readonly #reference = box("card-reference");
  readonly #action = button("card-action");
  readonly #announcer = box("announcer");
  readonly #icon = element("icon", HTMLLinkElement);
  readonly #progress = new StartProgress();
  #ticker: ReturnType<typeof setInterval> | undefined;

  /** @param onAction the card's button was pressed */
  constructor(onAction: () => void) {
    this.#action.addEventListener("click", onAction);
  }

  /** @param sessionId for the operator's log, empty when there was no session */
  render(state: ConnectionState, sessionId: string): void {
    const shown = describe(state);
    this.#app.dataset["phase"] = state.phase;
    this.#app.dataset["busy"] = String(shown.busy);
    this.#chip.textContent = shown.chip;
    this.#title.textContent = shown.title;
    this.#text.textContent = shown.text;
    this.#reference.textContent = shown.reference && referenceLine(shown.reference, sessionId);
    this.#action.textContent = shown.action;
    this.#action.hidden = shown.action === "";
    this.#announcer.textContent = [shown.title, shown.text].filter(Boolean).join(". ");
    this.#icon.href = iconFor(ICON_COLOURS[state.phase]);
    this.#card.hidden = state.phase === "connected";
    this.#countDown(state.phase === "waiting" ? state.delayMs : undefined);
    if (state.phase === "starting") this.#progress.show(state.start);
    else this.#progress.hide();
    if (state.phase === "closed" && shown.action !== "") this.#action.focus();
  }

  #countDown(delayMs: number | undefined): void {
    clearInterval(this.#ticker);
    this.#countdown.textContent = "";
    if (delayMs === undefined) return;
    const endMs = performance.now() + delayMs;
    const tick = (): void => {
      const seconds = Math.max(0, Math.ceil((endMs - performance.now()) / 1000));
      this.#countdown.textContent = seconds > 0 ? `Next try in ${seconds} s` : "Trying now";
    };
    tick();
    this.#ticker = setInterval(tick, 250);
  }
}

function describe(state: ConnectionState): Shown {
  switch (state.phase) {
    case "connecting":
      return busy(
        state.attempt === 0 ? "Connecting" : `Reconnecting (${state.attempt})`,
        state.attempt === 0 ? "Connecting" : "Reconnecting",
        state.attempt === 0 ? "Opening the machine's console." : tries(state.attempt),
      );
    case "starting":
      return busy("Starting", "Starting the machine's console", startSentence(state.start));
    case "signing_in":
      return busy("Signing in", "Signing in to the machine", "The service does this for you.");
    case "connected":
      return { ...busy("Connected", "Connected", ""), busy: false };
    case "waiting":
      return {
        ...busy("Reconnecting", wordsForEnding(state.ending).title, tries(state.attempt)),
        action: "Try now",
      };
    case "closed": {
      const { title, next, aftermath } = wordsForEnding(state.ending);
      return {
        chip: "Closed",
        title,
        text: next,
        reference: referenceOf(state.ending),
        action: aftermath === "forget" ? "" : "Reconnect",
        busy: false,
      };
    }
  }
}

function busy(chip: string, title: string, text: string): Shown {
  return { chip, title, text, reference: "", action: "", busy: true };
}

function tries(attempt: number): string {
  return `Reconnecting, attempt ${attempt} of ${MAXIMUM_TRIES}.`;
}

function referenceLine(reference: string, sessionId: string): string {
  return sessionId === "" ? `Reason: ${reference}` : `Reason: ${reference} · session ${sessionId}`;
}

function iconFor(colour: string): string {
  const screen = `<rect x="2" y="4" width="28" height="20" rx="3" fill="#171b21" stroke="#8b949e" stroke-width="2"/>`;
  const foot = `<path d="M10 29h12M16 24v5" stroke="#8b949e" stroke-width="2"/>`;
  const lamp = `<circle cx="16" cy="14" r="5" fill="${colour}"/>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">${screen}${foot}${lamp}</svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

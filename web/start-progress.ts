/**
 * How far the start of a console is, for machines whose console has to be started first: the steps as a
 * list in the card, the one under way with its seconds. Says nothing about how that is done.
 */
import { box } from "./elements.ts";
import { START_STEPS, type Start, type StartStep } from "./start-steps.ts";

const STEP_WORDS: Readonly<Record<StartStep, string>> = {
  queue: "Wait for a free place",
  launch: "Start a viewer",
  reach: "Reach the machine's management controller",
  login: "Sign in to it",
  viewer: "Open its screen",
  picture: "Wait for the first picture",
};

export class StartProgress {
  readonly #list = box("card-steps");
  readonly #seconds = box("card-countdown");
  #ticker: ReturnType<typeof setInterval> | undefined;

  show(start: Start): void {
    this.hide();
    /* most starts never wait: that step is shown only to those who do */
    const waits = start.step === "queue" && start.position > 0;
    const steps = START_STEPS.filter((step) => step !== "queue" || waits);
    const active = steps.indexOf(start.step);
    this.#list.replaceChildren(...steps.map((step, index) => itemOf(step, index - active)));
    this.#list.hidden = false;
    const tick = (): void => {
      const seconds = Math.max(0, Math.floor((performance.now() - start.sinceMs) / 1000));
      this.#seconds.textContent = `${seconds} s`;
    };
    tick();
    this.#ticker = setInterval(tick, 500);
  }

  hide(): void {
    clearInterval(this.#ticker);
    this.#list.hidden = true;
  }
}

/** @param distance from the step under way: negative for one that is done */
function itemOf(step: StartStep, distance: number): HTMLLIElement {
  const item = document.createElement("li");
  item.textContent = STEP_WORDS[step];
  item.dataset["state"] = distance < 0 ? "done" : distance === 0 ? "active" : "ahead";
  if (distance === 0) item.setAttribute("aria-current", "step");
  return item;
}

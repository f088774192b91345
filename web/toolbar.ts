/** The bar's buttons: says what was pressed, and shows what can be pressed. */
import { box, button } from "./elements.ts";

export interface ToolbarActions {
  ctrlAltDel(): void;
  /** @param fit true scales the screen to the window */
  fit(fit: boolean): void;
  screenshot(): void;
  disconnect(): void;
}

/** Need a screen; those that send input also need a session that may. */
const NEED_SCREEN = ["screenshot", "clipboard-button"];
const NEED_CONTROL = ["ctrl-alt-del", "keys-button", "touch-keyboard", "clipboard-send"];
const HIDDEN_WHEN_VIEWING = ["ctrl-alt-del", "keys-button", "touch-keyboard", "clipboard-to"];

export class Toolbar {
  readonly #node = box("node-name");
  readonly #badge = box("view-only");
  readonly #fit = button("fit");
  readonly #disconnect = button("disconnect");

  constructor(actions: ToolbarActions) {
    button("ctrl-alt-del").addEventListener("click", () => actions.ctrlAltDel());
    button("screenshot").addEventListener("click", () => actions.screenshot());
    this.#disconnect.addEventListener("click", () => actions.disconnect());
    this.#fit.addEventListener("click", () => {
      const fit = this.#fit.getAttribute("aria-pressed") !== "true";
      this.#fit.setAttribute("aria-pressed", String(fit));
      actions.fit(fit);
    });
  }

  /** @param name shown as text, whatever it holds */
  setNode(name: string): void {
    this.#node.textContent = name;
    this.#node.title = name;
  }

  /** @param available connected: the screen is there; ended: there is nothing left to disconnect */
  update(available: { connected: boolean; viewOnly: boolean; ended: boolean }): void {
    const { connected, viewOnly, ended } = available;
    this.#badge.hidden = !viewOnly;
    for (const id of NEED_SCREEN) button(id).disabled = !connected;
    for (const id of NEED_CONTROL) button(id).disabled = !connected || viewOnly;
    for (const id of HIDDEN_WHEN_VIEWING) box(id).hidden = viewOnly;
    this.#disconnect.disabled = ended;
  }
}

/**
 * The panels that drop down from the bar (keys, clipboard, paste): one open at a time, Escape or a click on the
 * screen closes it and the focus goes back to where it belongs.
 */
import { box, button } from "./elements.ts";

interface Panel {
  readonly opener: HTMLButtonElement;
  readonly body: HTMLElement;
}

export class Panels {
  readonly #panels: readonly Panel[];

  /** @param names of panels: `#<name>-button` opens `#<name>-panel` */
  constructor(names: readonly string[]) {
    this.#panels = names.map((name) => ({
      opener: button(`${name}-button`),
      body: box(`${name}-panel`),
    }));
    for (const panel of this.#panels) this.#wire(panel);
    box("screen").addEventListener("pointerdown", () => this.closeAll());
  }

  closeAll(): void {
    for (const panel of this.#panels) setOpen(panel, false);
  }

  #wire(panel: Panel): void {
    panel.opener.addEventListener("click", () => {
      const open = panel.opener.getAttribute("aria-expanded") !== "true";
      this.closeAll();
      setOpen(panel, open);
      if (open) firstControl(panel.body)?.focus();
    });
    panel.body.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      setOpen(panel, false);
      panel.opener.focus();
    });
  }
}

function setOpen({ opener, body }: Panel, open: boolean): void {
  body.hidden = !open;
  opener.setAttribute("aria-expanded", String(open));
}

function firstControl(body: HTMLElement): HTMLElement | null {
  return body.querySelector<HTMLElement>(
    "textarea:not([readonly]), select, button:not(:disabled):not([hidden])",
  );
}

/** The last picture of an interrupted connection, greyed, until the next connection has one of its own. */

export class LastFrame {
  readonly #layer: HTMLElement;

  constructor(layer: HTMLElement) {
    this.#layer = layer;
  }

  /** @param picture undefined keeps what is there: an attempt that failed had none */
  keep(picture: HTMLCanvasElement | undefined): void {
    if (!picture) return;
    picture.setAttribute("aria-hidden", "true");
    this.#layer.replaceChildren(picture);
    this.#layer.hidden = false;
  }

  clear(): void {
    this.#layer.replaceChildren();
    this.#layer.hidden = true;
  }
}

/** The console pages as their user sees them, for tests: what they say, and what the screen shows. */
import type { Page } from "playwright-core";
import { eventually } from "../helpers/browser.ts";

/** Of either page: its state and its card. */
export class PageReader {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  async phase(): Promise<string> {
    return (await this.page.locator("#app").getAttribute("data-phase")) ?? "";
  }

  async waitForPhase(phase: string, seconds = 8): Promise<void> {
    await eventually(
      `phase ${phase}`,
      () => this.phase(),
      (now) => now === phase,
      seconds,
    );
  }

  /** What the card says, one line a paragraph. */
  async cardText(): Promise<string> {
    const text = await this.page.locator("#card").innerText();
    return text.replaceAll(/\n+/g, "\n");
  }
}

export class ConsolePageReader extends PageReader {
  /** The screen's size and the colour of its middle, as `640x400 200,30,60`. */
  async picture(): Promise<string> {
    return await this.page.evaluate<string>(`(() => {
      const canvas = document.querySelector("#stage canvas");
      if (!canvas || !canvas.width) return "none";
      const at = [canvas.width / 2, canvas.height / 2].map(Math.floor);
      const [red, green, blue] = canvas.getContext("2d").getImageData(...at, 1, 1).data;
      return canvas.width + "x" + canvas.height + " " + [red, green, blue].join(",");
    })()`);
  }

  async waitForPicture(picture: string): Promise<void> {
    await eventually(
      `picture ${picture}`,
      () => this.picture(),
      (now) => now === picture,
    );
  }
}

/** A tenant before the web console of a simulated BMC: opens it, types, clicks, and compares what is seen. */
import assert from "node:assert/strict";
import type { Browser } from "playwright-core";
import { eventually, openWatchedPage, type WatchedPage } from "../helpers/browser.ts";
import type { BrowserNode, BrowserStack } from "../helpers/browser-stack.ts";
import { ConsolePageReader } from "./console-page.ts";
import { lookAtScreen, screenStory, watchScreen, type ScreenPixels } from "./screen-pixels.ts";

/** A machine with two processors, and others on it. */
const START_SECONDS = 40;
const WORDS: readonly string[] = [
  "Wait for a free place",
  "Start a viewer",
  "Reach the machine's management controller",
  "Sign in to it",
  "Open its screen",
  "Wait for the first picture",
];
/** As the simulated machine. */
const SHOWN_MARKS = 20;
/** More than the bright ones of a mouse pointer, which the host draws when somebody else moved it. */
const POINTER_PIXELS = 150;
/** Of all pixels. A letter is 0.15 %; edges of letters and marks, smoothed otherwise, are 0.02 %. */
const MOST_DIFFERING = 0.000_5;

export class TenantScene {
  readonly node: BrowserNode;
  readonly watched: WatchedPage;
  readonly reader: ConsolePageReader;
  /** Everything that came over its WebSockets as text. */
  readonly received: string[] = [];

  private constructor(node: BrowserNode, watched: WatchedPage) {
    this.node = node;
    this.watched = watched;
    this.reader = new ConsolePageReader(watched.page);
    watched.page.on("websocket", (socket) =>
      socket.on("framereceived", ({ payload }) => {
        this.received.push(typeof payload === "string" ? payload : payload.toString("latin1"));
      }),
    );
  }

  /** A new link, opened in a fresh profile. */
  static async open(
    browser: Browser,
    stack: BrowserStack,
    node: BrowserNode,
  ): Promise<TenantScene> {
    const scene = new TenantScene(node, await openWatchedPage(browser));
    await watchScreen(scene.page);
    await scene.page.goto(await stack.link(node.name));
    return scene;
  }

  get page(): WatchedPage["page"] {
    return this.watched.page;
  }

  /** Waits until the screen shows what the machine shows, and nothing else. */
  async showsTheMachine(seconds = START_SECONDS): Promise<ScreenPixels> {
    const { machine } = this.node.web.bmc;
    const seen = await eventually(
      `screen of ${this.node.name}, which shows ${JSON.stringify(machine.text)}`,
      async () => {
        const { text, clicks } = machine;
        const found = await lookAtScreen(this.page, { text, marks: clicks.slice(-SHOWN_MARKS) });
        const phase = await this.reader.phase();
        if (phase === "closed") throw new Error(`closed: ${await this.reader.cardText()}`);
        return { ...found, phase, toString: asText };
      },
      ({ phase, differing = 1 }) => phase === "connected" && differing < MOST_DIFFERING,
      seconds,
    );
    return seen as ScreenPixels;
  }

  /** The steps were said, in order; each may be over before anybody sees it, but not all. */
  async assertSteps(): Promise<void> {
    const { steps } = await screenStory(this.page);
    assert.deepEqual(
      steps,
      WORDS.filter((word) => steps.includes(word)),
    );
    assert.ok(steps.length >= 3, steps.join(", "));
  }

  /** Nothing of a page, a menu or a dialogue was ever on the screen. */
  async assertNothingElseWasSeen(): Promise<void> {
    const { brightest, looks } = await screenStory(this.page);
    assert.ok(looks > 0);
    assert.ok(brightest <= POINTER_PIXELS, `${brightest} pixels of something bright were seen`);
  }

  /** Types, and waits for the machine to have it. */
  async type(word: string): Promise<void> {
    const { machine } = this.node.web.bmc;
    await this.page.keyboard.type(word);
    await eventually(
      `"${word}" in the machine`,
      () => machine.text,
      (text) => text.endsWith(word),
    );
  }

  /** Presses until it arrives: what is typed while the viewer is opened again gets lost on purpose. */
  async typesAgain(key: string): Promise<void> {
    const { machine } = this.node.web.bmc;
    await eventually(
      `"${key}" in the machine, again`,
      async () => {
        await this.page.keyboard.press(key, { delay: 50 });
        return machine.text;
      },
      (text) => text.includes(key),
    );
  }

  /** Clicks there on the machine's screen, and waits for the machine to have it. */
  async click(x: number, y: number, button: "left" | "right" = "left"): Promise<void> {
    const { clicks } = this.node.web.bmc.counts;
    const before = clicks.length;
    const at = await this.place(x, y);
    await this.page.mouse.click(at.x, at.y, { button });
    await eventually(
      "click in the machine",
      () => clicks.length,
      (count) => count > before,
    );
  }

  /** Where on the tenant's page a pixel of the machine is. */
  async place(x: number, y: number): Promise<{ x: number; y: number }> {
    return await this.page.evaluate<{ x: number; y: number }>(`(() => {
      const canvas = document.querySelector("#stage canvas");
      const box = canvas.getBoundingClientRect();
      return { x: box.left + (${x} + 0.5) * box.width / canvas.width,
               y: box.top + (${y} + 0.5) * box.height / canvas.height };
    })()`);
  }

  /** Waits until the card says so. @returns what it says */
  async isTold(words: RegExp): Promise<string> {
    return await eventually(
      `card with ${words}`,
      () => this.reader.cardText(),
      (text) => words.test(text),
      START_SECONDS,
    );
  }

  async leave(): Promise<void> {
    await this.watched.context.close();
  }
}

function asText(this: object): string {
  return JSON.stringify(this);
}

/**
 * What the tenant's screen shows of a simulated BMC's machine: compared with a drawing of what it should
 * show, made by the tenant's own browser; and what went over it meanwhile.
 */
import type { Page } from "playwright-core";
import { PICTURE_COLOURS } from "../helpers/bmc-web/viewer-script.ts";

export interface ScreenPixels {
  /** `WIDTHxHEIGHT`. */
  readonly size: string;
  /** In the colour of what the machine writes. */
  readonly text: number;
  /** Of all pixels, the share that is not as drawn; 0 to 1. */
  readonly differing: number;
  /** Middle of the pixels that mark a click. */
  readonly markAt: { readonly x: number; readonly y: number } | null;
}

export interface ExpectedScreen {
  readonly text: string;
  readonly marks: readonly { readonly x: number; readonly y: number }[];
}

/** What a page saw since it was opened. */
export interface ScreenStory {
  /** Words of the steps that it said were under way, in order. */
  readonly steps: readonly string[];
  /** Most pixels at one moment that are brighter than anything of the machine's picture. */
  readonly brightest: number;
  /** How often the screen was looked at. */
  readonly looks: number;
}

/** Runs in the page. Edges of letters may be smoothed otherwise, and the way there may lose a little. */
const LOOK = `(expected, colours) => {
  const canvas = document.querySelector("#stage canvas");
  if (!canvas || !canvas.width) return null;
  const { width, height } = canvas;
  const pen = new OffscreenCanvas(width, height).getContext("2d");
  const css = (colour) => "rgb(" + colour.join(",") + ")";
  pen.fillStyle = css(colours.back);
  pen.fillRect(0, 0, width, height);
  pen.fillStyle = css(colours.text);
  pen.fillRect(16, height - 32, 48, 8);
  pen.font = "bold 64px monospace";
  const lines = expected.text.split("\\n").slice(-6);
  lines.forEach((line, row) => pen.fillText(line.slice(-18), 16, 80 + row * 80));
  pen.fillStyle = css(colours.mark);
  for (const { x, y } of expected.marks) { pen.beginPath(); pen.arc(x, y, 12, 0, 7); pen.fill(); }
  const seen = canvas.getContext("2d").getImageData(0, 0, width, height).data;
  const drawn = pen.getImageData(0, 0, width, height).data;
  const distance = (at, [red, green, blue]) =>
    Math.abs(seen[at] - red) + Math.abs(seen[at + 1] - green) + Math.abs(seen[at + 2] - blue);
  let text = 0, differing = 0, marks = 0, x = 0, y = 0;
  for (let at = 0; at < seen.length; at += 4) {
    if (distance(at, colours.text) < 24) text++;
    else if (distance(at, colours.mark) < 24) {
      marks++;
      x += (at / 4) % width;
      y += Math.floor(at / 4 / width);
    }
    if (distance(at, drawn.subarray(at, at + 3)) > 96) differing++;
  }
  const markAt = marks ? { x: Math.round(x / marks), y: Math.round(y / marks) } : null;
  return { size: width + "x" + height, text, differing: differing / (width * height), markAt };
}`;

/** The machine's colours have one dark part each; pages, menus and dialogues of browsers have bright ones. */
const WATCH = `(() => {
  const story = (window.screenStory = { steps: [], brightest: 0, looks: 0 });
  new MutationObserver(() => {
    const step = document.querySelector("#card-steps [aria-current=step]")?.textContent;
    if (step && story.steps.at(-1) !== step) story.steps.push(step);
  }).observe(document, { childList: true, subtree: true });
  setInterval(() => {
    const canvas = document.querySelector("#stage canvas");
    if (!canvas || !canvas.width) return;
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let bright = 0;
    for (let at = 0; at < data.length; at += 4)
      if (data[at] > 110 && data[at + 1] > 110 && data[at + 2] > 110) bright++;
    story.brightest = Math.max(story.brightest, bright);
    story.looks++;
  }, 50);
})()`;

/** From the next page on. */
export async function watchScreen(page: Page): Promise<void> {
  await page.addInitScript(WATCH);
}

export async function screenStory(page: Page): Promise<ScreenStory> {
  return await page.evaluate<ScreenStory>("window.screenStory");
}

/** @returns null while there is no screen */
export async function lookAtScreen(
  page: Page,
  expected: ExpectedScreen,
): Promise<ScreenPixels | null> {
  const [wanted, colours] = [expected, PICTURE_COLOURS].map((one) => JSON.stringify(one));
  return await page.evaluate<ScreenPixels | null>(`(${LOOK})(${wanted}, ${colours})`);
}

/**
 * Makes display and picture one: every pixel of the picture is one of the display, at the same place, so
 * that a click at x, y is one at x, y of the picture.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { ConsoleError } from "../../base.ts";
import type { SessionSize } from "../providers/provider.ts";
import type { Measure } from "./in-page-crop.ts";
import type { Tab } from "./tab.ts";

/** Xvnc keeps 4 bytes a pixel; a page must not ask for gigabytes. */
const DISPLAY_LIMIT: SessionSize = { width: 4096, height: 4096 };
/** FACT(Chromium 156, tried): no window gets smaller; around a smaller picture it is black. */
const WINDOW_MINIMUM: SessionSize = { width: 500, height: 200 };
const ROUNDS = 3;
const WINDOW_MS = 3000;
const SETTLE_MS = 700;
const STEP_MS = 40;

/**
 * @param resize gives the display another size
 * @returns the measure that is to stay as it is
 * @throws {ConsoleError} when the picture cannot be framed
 */
export async function fit(
  tab: Tab,
  selector: string,
  first: Measure,
  resize: (size: SessionSize) => Promise<void>,
  signal: AbortSignal,
): Promise<Measure> {
  // Its own pixels first: viewers that shrink the picture into their window stop doing so in one that is as
  // large as the picture. Viewers with a scale of their own get a display of that size; their mouse knows it.
  let size = bounded(first);
  await frame(tab, selector, null);
  for (let round = 0; round < ROUNDS; round++) {
    await show(tab, selector, size, resize, signal);
    const measure = await settled(tab, selector, signal);
    if (isWhole(measure, size)) return measure;
    size = round === 0 && sizeOf(measure, first) ? bounded(measure) : bounded(measure.box);
  }
  // It shrinks with every window: then it is told its size.
  const last = await settled(tab, selector, signal);
  size = bounded(last);
  await frame(tab, selector, size);
  await show(tab, selector, size, resize, signal);
  return settled(tab, selector, signal);
}

/** True when the picture itself has another size than it had. */
function sizeOf(measure: Measure, first: Measure): boolean {
  return measure.width !== first.width || measure.height !== first.height;
}

async function show(
  tab: Tab,
  selector: string,
  picture: SessionSize,
  resize: (size: SessionSize) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const size = {
    width: Math.max(picture.width, WINDOW_MINIMUM.width),
    height: Math.max(picture.height, WINDOW_MINIMUM.height),
  };
  await resize(size);
  const deadline = performance.now() + WINDOW_MS;
  for (;;) {
    const { windowWidth, windowHeight } = await measured(tab, selector);
    if (windowWidth === size.width && windowHeight === size.height) return;
    if (performance.now() > deadline)
      throw new ConsoleError(
        `the window stayed ${windowWidth}x${windowHeight} on a display of ${size.width}x${size.height}`,
      );
    await sleep(STEP_MS, undefined, { signal });
  }
}

/** Viewers follow the window in their own time. */
async function settled(tab: Tab, selector: string, signal: AbortSignal): Promise<Measure> {
  const deadline = performance.now() + SETTLE_MS;
  let before = "";
  for (let same = 0; ;) {
    const measure = await measured(tab, selector);
    const present = JSON.stringify(measure);
    same = present === before ? same + 1 : 0;
    before = present;
    if (same >= 4 || performance.now() > deadline) return measure;
    await sleep(STEP_MS, undefined, { signal });
  }
}

async function frame(tab: Tab, selector: string, size: SessionSize | null): Promise<void> {
  if (!(await tab.world.callCrop<boolean>("frame", [selector, size]))) throw vanished();
}

async function measured(tab: Tab, selector: string): Promise<Measure> {
  const measure = await tab.world.callCrop<Measure | null>("measure", [selector]);
  if (!measure) throw vanished();
  return measure;
}

function vanished(): ConsoleError {
  return new ConsoleError("the picture vanished while it was framed");
}

function isWhole({ box }: Measure, size: SessionSize): boolean {
  return (
    Math.abs(box.x) < 0.5 &&
    Math.abs(box.y) < 0.5 &&
    Math.abs(box.width - size.width) < 1 &&
    Math.abs(box.height - size.height) < 1
  );
}

function bounded({ width, height }: { width: number; height: number }): SessionSize {
  const within = (value: number, most: number): number =>
    Math.max(1, Math.min(most, Math.round(value)));
  return {
    width: within(width, DISPLAY_LIMIT.width),
    height: within(height, DISPLAY_LIMIT.height),
  };
}

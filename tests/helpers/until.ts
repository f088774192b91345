/** Waits for something to become true, for a while. */
import { setTimeout as sleep } from "node:timers/promises";

const STEP_MILLISECONDS = 5;

/** @param what for the error: what did not come. @throws {Error} when it does not within the time */
export async function until(
  isTrue: () => boolean | Promise<boolean>,
  what: string | (() => string),
  milliseconds = 10_000,
): Promise<void> {
  const deadline = performance.now() + milliseconds;
  while (!(await isTrue())) {
    if (performance.now() > deadline) {
      const words = typeof what === "string" ? what : what();
      throw new Error(`no ${words} within ${milliseconds} ms`);
    }
    await sleep(STEP_MILLISECONDS);
  }
}

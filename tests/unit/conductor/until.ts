/** Waits for a state that no event announces: a row another part writes. Bounded, and it says for what. */
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";

/** @returns the first value that is neither false nor undefined */
export async function until<T>(
  what: string,
  look: () => Promise<T | false | undefined> | T | false | undefined,
  deadlineMs = 5000,
): Promise<T> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const found = await look();
    if (found !== false && found !== undefined) return found;
    assert.ok(Date.now() < end, `not within ${deadlineMs} ms: ${what}`);
    await delay(5);
  }
}

/** A promise and the key to it. */
export class Gate {
  readonly opened: Promise<void>;
  #open: () => void = () => {};

  constructor() {
    this.opened = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  open(): void {
    this.#open();
  }
}

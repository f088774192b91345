/** One at a time for each name, in order of asking; names that nobody uses take no memory. */

export class Turns {
  readonly #last = new Map<string, Promise<void>>();

  /**
   * Waits for its turn, then works. Who gives up while waiting lets the next ones through.
   * @throws {Error} the signal's reason when it aborts before the turn has come
   */
  async take<T>(name: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(name) ?? Promise.resolve();
    let finish = (): void => {};
    const done = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const mine = before.then(() => done);
    this.#last.set(name, mine);
    void this.#forget(name, mine);
    try {
      await unlessAborted(before, signal);
      return await work();
    } finally {
      finish();
    }
  }

  async #forget(name: string, turn: Promise<void>): Promise<void> {
    await turn;
    if (this.#last.get(name) === turn) this.#last.delete(name);
  }
}

async function unlessAborted(wait: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  let abort: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
  });
  try {
    await Promise.race([wait, aborted]);
  } finally {
    if (abort) signal.removeEventListener("abort", abort);
  }
}

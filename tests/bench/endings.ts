/** What a benchmark has started, ended last first: at its end, when it fails, and when it is interrupted. */

type Ending = () => Promise<void> | void;

export class Endings {
  readonly #endings: { readonly name: string; readonly end: Ending }[] = [];
  #running: Promise<void> | undefined;

  /** What is added when all has ended already is ended as well, by {@link run}. */
  add(name: string, end: Ending): void {
    this.#endings.push({ name, end });
  }

  /** Runs each once; what fails is said and the rest goes on. */
  async run(): Promise<void> {
    await this.#running;
    this.#running = this.#run();
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let next = this.#endings.pop(); next; next = this.#endings.pop())
      try {
        await next.end();
      } catch (error) {
        process.stderr.write(`${next.name} could not be ended: ${String(error)}\n`);
        process.exitCode = 1;
      }
  }
}

/**
 * Gives everything back, then ends, when the benchmark is interrupted or takes too long.
 * @returns takes that away again
 */
export function endEarly(endings: Endings, limitMilliseconds: number): () => void {
  const end = (status: number): void => {
    void endings.run().finally(() => process.exit(status));
  };
  const onSignal = (): void => end(130);
  const watchdog = setTimeout(() => {
    process.stderr.write(`the benchmark took longer than ${limitMilliseconds / 1000} s\n`);
    end(1);
  }, limitMilliseconds);
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) process.once(signal, onSignal);
  return () => {
    clearTimeout(watchdog);
    for (const signal of signals) process.removeListener(signal, onSignal);
  };
}

/**
 * An undo stack: what was started pushes how to stop it, and stop runs them in reverse. Every timer,
 * socket and child process of a service hangs on one of these.
 */
export class Releasers {
  readonly #stack: { name: string; release: () => unknown }[] = [];
  #stopping: Promise<void> | undefined;

  /** @param name for the error message when the release fails */
  push(name: string, release: () => unknown): void {
    this.#stack.push({ name, release });
  }

  /** Runs every release, last pushed first, even when one fails. Safe to call twice. */
  stop(): Promise<void> {
    this.#stopping ??= this.#run();
    return this.#stopping;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #run(): Promise<void> {
    const failures: unknown[] = [];
    for (let item = this.#stack.pop(); item; item = this.#stack.pop()) {
      try {
        await item.release();
      } catch (cause) {
        failures.push(new Error(`could not stop ${item.name}`, { cause }));
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, "not everything stopped cleanly");
  }
}

/** Works through a list, a few items at a time, so that a thousand nodes do not start at once. */

/**
 * Ends early (without an error) when the signal aborts. `work` must not throw: what goes wrong with
 * one item is its own affair, and a throw stops the others from being started.
 */
export async function forEachLimited<T>(
  items: Iterable<T>,
  limit: number,
  signal: AbortSignal,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items[Symbol.iterator]();
  const lane = async (): Promise<void> => {
    for (let next = queue.next(); !next.done && !signal.aborted; next = queue.next())
      await work(next.value);
  };
  await Promise.all(Array.from({ length: limit }, lane));
}

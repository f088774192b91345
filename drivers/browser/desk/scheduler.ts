/** The time and its timers, as the desk has them, so that tests own both. */

export interface Scheduler {
  /** Milliseconds; only differences mean something. */
  now(): number;
  /** Does it once, later. @returns what calls it off */
  after(milliseconds: number, work: () => void): () => void;
}

export const systemScheduler: Scheduler = {
  now: () => performance.now(),
  after(milliseconds, work) {
    const timer = setTimeout(work, milliseconds);
    return () => clearTimeout(timer);
  },
};

/** The time, injected, so that tests own it. Milliseconds since the epoch, as `Date.now()`. */
export interface Clock {
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

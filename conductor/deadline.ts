/**
 * A signal that aborts after some seconds or when its parent does, with a timer that somebody ends.
 * (`AbortSignal.timeout` owns its timer itself and nobody can end it.)
 */
import { ConsoleError } from "../common/errors.ts";

export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
}

/**
 * @param parent aborts this one too, with its reason
 * @param seconds > 0
 * @param what opens the sentence of the reason: "WHAT did not finish within N seconds"
 */
export function deadlineOf(parent: AbortSignal, seconds: number, what: string): Deadline {
  const controller = new AbortController();
  const follow = (): void => controller.abort(parent.reason);
  const timer = setTimeout(
    () => controller.abort(new ConsoleError(`${what} did not finish within ${seconds} seconds`)),
    seconds * 1000,
  );
  if (parent.aborted) follow();
  else parent.addEventListener("abort", follow, { once: true });
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      clearTimeout(timer);
      parent.removeEventListener("abort", follow);
    },
  };
}

/**
 * Resolves after the time, or at once when the signal aborts.
 * @returns true when the whole time went by
 */
export function pause(milliseconds: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const finish = (whole: boolean): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      resolve(whole);
    };
    const abort = (): void => finish(false);
    const timer = setTimeout(() => finish(true), milliseconds);
    signal.addEventListener("abort", abort, { once: true });
  });
}

/**
 * The work's own outcome; or the signal's reason, when the work goes on for longer than the grace after
 * the signal aborted.
 */
export function outcomeOf<T>(
  working: Promise<T>,
  signal: AbortSignal,
  graceSeconds: number,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const abort = (): void => {
      timer = setTimeout(() => reject(signal.reason as Error), graceSeconds * 1000);
    };
    const ended = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
    };
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
    working.then(resolve, reject);
    working.then(ended, ended);
  });
}

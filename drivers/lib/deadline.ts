/** A piece of work with a time limit of its own inside a task that may be aborted at any moment. */
import { ConsoleError } from "../base.ts";

export interface DeadlineOptions {
  /** The task's signal. */
  readonly signal: AbortSignal;
  /** Milliseconds the work may take. */
  readonly limitMs: number;
  /** The error when the time is over. */
  readonly onTimeout: () => Error;
}

/**
 * Runs `work` with a signal that aborts at the limit or with the task, and waits for it to end. The
 * work must end promptly when its signal aborts.
 * @throws {Error} onTimeout()'s when the time is over; {@link abortError}'s when the task was aborted
 */
export async function withDeadline<T>(
  options: DeadlineOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  throwIfAborted(options.signal);
  const inner = new AbortController();
  const abort = (): void => inner.abort(options.signal.reason);
  const timer = setTimeout(() => inner.abort(), options.limitMs);
  options.signal.addEventListener("abort", abort, { once: true });
  try {
    return await work(inner.signal);
  } catch (cause) {
    if (options.signal.aborted) throw abortError(options.signal);
    if (inner.signal.aborted) throw options.onTimeout();
    throw cause;
  } finally {
    clearTimeout(timer);
    options.signal.removeEventListener("abort", abort);
  }
}

/** @throws {ConsoleError} when the task was aborted */
export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw abortError(signal);
}

/** What to throw for an aborted task: the aborter's own reason when it gave one of our errors. */
export function abortError(signal: AbortSignal): ConsoleError {
  if (signal.reason instanceof ConsoleError) return signal.reason;
  return new ConsoleError("the task was aborted before it ended", { cause: signal.reason });
}

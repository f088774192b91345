/** One at a time for each console, also among several conductors on one machine that share the folder. */
import { setTimeout as pause } from "node:timers/promises";
import { ConsoleError } from "../base.ts";
import { takeProcessLock, type ProcessLock } from "../../common/process-lock.ts";
import { throwIfAborted } from "../lib/deadline.ts";

const POLL_MS = 50;
/** Longer than a stop takes. */
const LIMIT_MS = 45_000;

/**
 * @param file the lock; gone when nobody holds it
 * @throws {ConsoleError} when another one does not let go
 */
export async function withConsoleLock<T>(
  file: string,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  const lock = await take(file, signal);
  try {
    return await work();
  } finally {
    lock.release();
  }
}

async function take(file: string, signal: AbortSignal): Promise<ProcessLock> {
  const end = performance.now() + LIMIT_MS;
  const held = new Error("held");
  for (;;) {
    try {
      const lock = takeProcessLock(file, () => held);
      // Of another container, whose processes are gone with it or are not ours to judge.
      lock.confirm();
      return lock;
    } catch (error) {
      if (error !== held) throw error;
    }
    throwIfAborted(signal);
    if (performance.now() > end)
      throw new ConsoleError("another process is starting or stopping this console");
    await pause(POLL_MS);
  }
}

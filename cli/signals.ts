/** Turns the signals that a service gets into a stop, a reload, or an end at once. */
import type { Logger } from "../common/log.ts";

/**
 * FACT(npm run-script): with `npm start` a Ctrl-C arrives twice, from the terminal and from npm, within
 * milliseconds; only a later one counts as a second.
 */
const SAME_SIGNAL_MS = 1000;
const STOPPED_BY_FORCE = 130;

/**
 * Resolves at the first SIGTERM or SIGINT; a second one ends the process at once.
 * @param reload called for every SIGHUP
 */
export function untilSignal(log: Logger, reload: () => void): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let firstAt: number | undefined;
    const stop = (signal: NodeJS.Signals): void => {
      const now = performance.now();
      if (firstAt === undefined) {
        firstAt = now;
        log.info("stopping, once more ends at once", { signal });
        resolve(signal);
      } else if (now - firstAt > SAME_SIGNAL_MS) process.exit(STOPPED_BY_FORCE);
    };
    process.on("SIGTERM", stop);
    process.on("SIGINT", stop);
    process.on("SIGHUP", reload);
  });
}

/** Waits until a console that was asked to change has changed, or says why it did not. */
import { setTimeout as pause } from "node:timers/promises";
import { ConsoleError, TemporaryFailure } from "../common/errors.ts";
import type { Clock } from "../common/clock.ts";
import { nodePath } from "./client-command.ts";
import type { ApiClient } from "./client.ts";

const POLL_MS = 300;
const FIELDS = "console_enabled,reservation,last_error";

/**
 * The service holds the node's lock (`reservation`) from the moment it accepts until it is done, so
 * an unlocked node in the old state means failure.
 * @param options `onWait` is called between looks with the seconds gone by
 * @throws {ConsoleError} with the node's last_error; {@link TemporaryFailure} when it takes too long
 */
export async function waitForConsole(
  client: ApiClient,
  node: string,
  enabled: boolean,
  options: {
    readonly clock: Clock;
    readonly timeoutSeconds: number;
    readonly onWait?: (seconds: number) => void;
  },
): Promise<void> {
  const started = options.clock.now();
  for (;;) {
    const state = await client.call("GET", `${nodePath(node)}?fields=${FIELDS}`);
    if (state["reservation"] === null) {
      if (state["console_enabled"] === enabled) return;
      const reason = state["last_error"];
      throw new ConsoleError(
        typeof reason === "string" ? reason : "the console did not change and gave no reason",
      );
    }
    const seconds = (options.clock.now() - started) / 1000;
    if (seconds > options.timeoutSeconds)
      throw new TemporaryFailure(
        `the console of ${node} is still being worked on after ${options.timeoutSeconds} s`,
      );
    options.onWait?.(seconds);
    await pause(POLL_MS);
  }
}

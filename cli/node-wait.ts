/** Waits until what a node was asked for is done, or says why it did not happen. */
import { setTimeout as pause } from "node:timers/promises";
import type { Clock } from "../common/clock.ts";
import { ConsoleError, InvalidParameterValue, TemporaryFailure } from "../common/errors.ts";
import { nodePath } from "./client-command.ts";
import type { ApiClient, JsonAnswer } from "./client.ts";

const POLL_MS = 300;
const SLOWER_POLL_MS = 2000;
/** After so long nobody looks at the tenths of a second. */
const SLOWER_AFTER_MS = 10_000;
const FIELDS =
  "console_enabled,power_state,target_power_state,reservation,last_error,provision_state";

export interface WaitOptions {
  readonly clock: Clock;
  readonly timeoutSeconds: number;
  /** Called between looks with the seconds gone by. */
  readonly onWait?: (seconds: number) => void;
}

/**
 * The service holds the node's lock (`reservation`) from the moment it accepts until it is done, so an
 * unlocked node in the old state means failure.
 * @param what for messages, for example "the console of"
 * @returns the node's state in which `done` was true
 * @throws {ConsoleError} with the node's last_error; {@link TemporaryFailure} when it takes too long
 */
export async function waitForNode(
  client: ApiClient,
  node: string,
  what: string,
  done: (state: JsonAnswer) => boolean,
  options: WaitOptions,
): Promise<JsonAnswer> {
  const started = options.clock.now();
  for (;;) {
    const state = await client.call("GET", `${nodePath(node)}?fields=${FIELDS}`);
    if (state["reservation"] === null && state["target_power_state"] === null) {
      if (done(state)) return state;
      const reason = state["last_error"];
      throw new ConsoleError(
        typeof reason === "string" ? reason : `${what} ${node} did not change and gave no reason`,
      );
    }
    const milliseconds = options.clock.now() - started;
    if (milliseconds > options.timeoutSeconds * 1000)
      throw new TemporaryFailure(
        `${what} ${node} is still being worked on after ${options.timeoutSeconds} s`,
      );
    options.onWait?.(milliseconds / 1000);
    await pause(milliseconds > SLOWER_AFTER_MS ? SLOWER_POLL_MS : POLL_MS);
  }
}

/** @throws {InvalidParameterValue} naming the option */
export function wholeSeconds(text: string, option = "--timeout"): number {
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (seconds < 1)
    throw new InvalidParameterValue(`${option} must be whole seconds, not "${text}"`);
  return seconds;
}

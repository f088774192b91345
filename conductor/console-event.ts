/**
 * The history of a node's console in the log: start, end or error around one act, with the names of
 * Ironic's notifications (`baremetal.node.console_set.start` …), so that one can follow and count them.
 */
import { ConsoleServiceError, messageOf } from "../common/errors.ts";
import type { NodeTask } from "./node-task.ts";

export type ConsoleEvent = "console_set" | "console_restore" | "console_stop";

/** Runs the act; what it throws is logged and thrown on. */
export async function withConsoleEvent<T>(
  task: NodeTask,
  event: ConsoleEvent,
  fields: Readonly<Record<string, string | boolean | null | undefined>>,
  act: () => Promise<T>,
): Promise<T> {
  const startedAt = performance.now();
  const log = (level: "info" | "error", phase: string, more: object = {}): void => {
    const milliseconds = Math.round(performance.now() - startedAt);
    task.log.log(level, `baremetal.node.${event}.${phase}`, { ...fields, milliseconds, ...more });
  };
  log("info", "start");
  try {
    const result = await act();
    log("info", "end");
    return result;
  } catch (error) {
    const code = error instanceof ConsoleServiceError ? error.code : undefined;
    log("error", "error", { code, reason: messageOf(error) });
    throw error;
  }
}

/** Exit statuses by kind of failure, the same for the program and for `ssh NODE@HOST`. */
import {
  ApiUnreachable,
  Conflict,
  ConsoleError,
  Invalid,
  NotAuthenticated,
  NotAuthorized,
  NotFound,
  StartupError,
  TemporaryFailure,
} from "./errors.ts";

export const USAGE_STATUS = 2;

type ErrorClass = abstract new (...args: never[]) => Error;

/** In this order; the first match counts. */
const STATUSES: readonly (readonly [number, readonly ErrorClass[], string])[] = [
  [USAGE_STATUS, [Invalid], "wrong usage, or the service refused it as invalid"],
  [3, [ApiUnreachable], "the service cannot be reached or does not speak its protocol"],
  [4, [NotAuthenticated, NotAuthorized], "user name and password are missing, wrong or not enough"],
  [5, [NotFound], "there is no such node, session or driver"],
  [6, [Conflict], "in conflict with what is there, for example a locked node"],
  [7, [TemporaryFailure], "the service is busy, try again later"],
  [8, [ConsoleError], "the machine did not do it; the message is the node's last_error"],
];

/** @returns the exit status for anything thrown; of several failures theirs when they are of one kind */
export function exitStatusOf(error: unknown): number {
  if (error instanceof AggregateError) {
    const kinds = new Set(error.errors.map(exitStatusOf));
    return kinds.size === 1 ? ([...kinds][0] ?? 1) : 1;
  }
  if (error instanceof StartupError) return error.exitStatus;
  const found = STATUSES.find(([, classes]) => classes.some((type) => error instanceof type));
  return found?.[0] ?? 1;
}

/** The same for people, at the end of `--help`. */
export function exitStatusHelp(): string {
  const rows: (readonly [number, string])[] = [
    [0, "success"],
    [1, "any other failure; of several nodes: failures of several kinds"],
    ...STATUSES.map(([status, , meaning]) => [status, meaning] as const),
    [69, "cannot start now: another one runs, an address is taken"],
    [70, "cannot start"],
    [78, "the configuration is not valid"],
  ];
  return `Exit status:\n${rows.map(([status, text]) => `  ${String(status).padEnd(3)} ${text}`).join("\n")}`;
}

/** What the end of an attached session means in a shell: the error it ends with, or a new link. */
import { closingOf, type Closing } from "../../common/closing-words.ts";
import {
  ApiUnreachable,
  ConsoleError,
  ConsoleServiceError,
  InvalidToken,
  NodeConsoleNotEnabled,
  NotAuthorized,
  NotFound,
  TemporaryFailure,
} from "../../common/errors.ts";
import { printable } from "../../common/printable.ts";
import type { Ending } from "./serial-connection.ts";

/** Ends of the service rather than of the session: busy. */
const BUSY: ReadonlySet<string> = new Set([
  "SHUTTING_DOWN",
  "TEMPORARY_FAILURE",
  "LINE_HELD_ELSEWHERE",
  "TOO_MANY_SESSIONS",
]);
/** RFC 6455 section 7.4.1, when no name came. */
const CLOSE_CODES: Readonly<Record<number, Closing>> = {
  1000: final("the session was closed"),
  1001: retried("the console service went away"),
  1006: retried("the connection was lost"),
  1012: retried("the console service is restarting"),
  1013: retried("the console service is busy"),
};

export function endingWords({ code, name, message, wasOpen }: Ending): Closing {
  const known = closingOf(name);
  if (known) return known;
  /* A plain GET was let in where the WebSocket was not. */
  if (name === "UPGRADE_REQUIRED")
    return retried("something between here and the console service lets no WebSocket through");
  if (name !== "") return final(printable(message ?? `the session ended: ${name}`));
  if (!wasOpen) return retried("the console service does not answer");
  return CLOSE_CODES[code] ?? final(`the session ended unexpectedly (code ${code})`);
}

/** @returns undefined for an end that is no failure */
export function endingError(ending: Ending): ConsoleServiceError | undefined {
  const { words, again } = endingWords(ending);
  const { name } = ending;
  if (name === "tenant_closed" || (name === "" && ending.code === 1000)) return undefined;
  if (name === "INVALID_TOKEN") return new InvalidToken();
  if (name === "NOT_AUTHORIZED" || name === "ORIGIN_NOT_ALLOWED") return new NotAuthorized(words);
  if (name === "NODE_NOT_FOUND") return new NotFound(words);
  if (name === "CONSOLE_NOT_ENABLED") return new NodeConsoleNotEnabled(words);
  if (name.startsWith("HOST_") || name === "host_closed") return new ConsoleError(words);
  if (BUSY.has(name)) return new TemporaryFailure(words);
  return again ? new ApiUnreachable(words) : new ConsoleServiceError(words);
}

function retried(words: string): Closing {
  return { words, again: true };
}

function final(words: string): Closing {
  return { words, again: false };
}

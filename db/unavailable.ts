/** Tells "the database does not answer now" from every other error, so that callers get a 503. */
import { TemporaryFailure } from "../common/errors.ts";

const SOCKET_ERRORS: readonly unknown[] = [
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOENT" /* the server's unix socket */,
  "ENOTFOUND",
  "EPIPE",
  "ETIMEDOUT",
];
/** FACT(PostgreSQL manual, appendix A): class 08, too_many_connections, query_canceled, the shutdowns. */
const SERVER_ERRORS = /^(?:08...|53300|57014|57P0[123])$/;
/** FACT(pg 8.23, lib/client.js): errors of a lost connection that carry no code. */
const LOST_CONNECTION = /^(?:Connection terminated|timeout expired|Client has encountered)/;

/** @returns a TemporaryFailure with the error as its cause, or the error itself */
export function explainUnavailable(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { code } = error as { code?: unknown };
  const lost =
    SOCKET_ERRORS.includes(code) ||
    (typeof code === "string" && SERVER_ERRORS.test(code)) ||
    error.name === "KnexTimeoutError" ||
    LOST_CONNECTION.test(error.message) ||
    isUnanswered(error);
  if (!lost) return error;
  return new TemporaryFailure("the database does not answer, please try again", { cause: error });
}

/** FACT(pg 8.23, lib/client.js): what query_timeout throws, on a connection that still waits. */
export function isUnanswered(error: unknown): boolean {
  return error instanceof Error && error.message.endsWith("Query read timeout");
}

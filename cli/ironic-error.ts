/** Turns an error answer of a Bare Metal API, ours or Ironic's, into an error of ours. */
import {
  Conflict,
  ConsoleServiceError,
  Invalid,
  NotAcceptable,
  NotAuthenticated,
  NotAuthorized,
  NotFound,
  TemporaryFailure,
} from "../common/errors.ts";
import { parseFields } from "../common/json-fields.ts";

const LONGEST_MESSAGE = 2000;

/** @param body the answer's text */
export function errorOfAnswer(status: number, body: string): ConsoleServiceError {
  const message = (sentenceOf(body) ?? `the service answered ${status}`).slice(0, LONGEST_MESSAGE);
  switch (status) {
    case 401:
      return new NotAuthenticated(message);
    case 403:
      return new NotAuthorized(message);
    case 404:
      return new NotFound(message);
    case 406:
      return new NotAcceptable(message);
    case 409:
      return new Conflict(message);
    case 503:
      return new TemporaryFailure(message);
    default:
      return status < 500 ? new Invalid(message) : new ConsoleServiceError(message);
  }
}

/**
 * The sentence in Ironic's error bodies: `{"error_message": JSON text}` with `faultstring` from a
 * controller, `description` or `title` from routing; `{"error": {"message"}}` from authentication.
 */
function sentenceOf(body: string): string | undefined {
  const outer = parseFields(body);
  const inner = outer?.["error_message"];
  const document = typeof inner === "string" ? (parseFields(inner) ?? inner) : inner;
  if (typeof document === "string") return document || undefined;
  for (const source of [document, outer?.["error"], outer])
    for (const name of ["faultstring", "description", "message", "title"]) {
      const text = (source as Record<string, unknown> | undefined)?.[name];
      if (typeof text === "string" && text !== "") return text;
    }
  return undefined;
}

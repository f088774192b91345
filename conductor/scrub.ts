/**
 * A net below the rules that drivers put no secret into an error and quote machines carefully: what they
 * throw is searched for the secrets they were given and made a plain line of bounded length, before it
 * reaches last_error, a log line or an answer.
 */
import { LAST_ERROR_LIMIT } from "../common/node.ts";
import { printable } from "../common/printable.ts";
import { Secret, SECRET_MASK } from "../common/secret.ts";

/** Shorter secrets would only garble the text. */
const SHORTEST = 4;
/** Causes of causes that are searched. */
const DEEPEST_CAUSE = 8;

/** Every Secret inside a value. */
export function secretsIn(value: unknown): Secret[] {
  if (value instanceof Secret) return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap((member) => secretsIn(member));
}

export function scrubText(text: string, secrets: readonly Secret[]): string {
  let scrubbed = text;
  for (const secret of secrets) {
    const clear = secret.reveal();
    if (clear.length >= SHORTEST) scrubbed = scrubbed.replaceAll(clear, SECRET_MASK);
  }
  return scrubbed;
}

/**
 * Changes the messages and stacks of an error and its causes in place.
 * @returns the same error; a text that was thrown comes back as a clean one
 */
export function scrubError(error: unknown, secrets: readonly Secret[]): unknown {
  if (typeof error === "string") return printable(scrubText(error, secrets), LAST_ERROR_LIMIT);
  let one = error;
  for (let depth = 0; one instanceof Error && depth < DEEPEST_CAUSE; depth += 1) {
    one.message = printable(scrubText(one.message, secrets), LAST_ERROR_LIMIT);
    if (one.stack !== undefined) one.stack = scrubText(one.stack, secrets);
    one = one.cause;
  }
  return error;
}

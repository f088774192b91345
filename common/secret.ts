/**
 * A secret in the clear, in memory, for as short as possible. It prints as asterisks wherever it is
 * logged, put into a string or made JSON; only `reveal()` shows it, so one can grep who does.
 */
import { inspect } from "node:util";

/** What the API shows in place of a secret, exactly as Ironic does. */
export const SECRET_MASK = "******";

export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** Returns the clear text. Every call site is a place where a password is naked. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return SECRET_MASK;
  }

  toJSON(): string {
    return SECRET_MASK;
  }

  [inspect.custom](): string {
    return SECRET_MASK;
  }
}

/** Asks before something that hurts. Only a person at a terminal is asked; a script has said what it wants. */
import { createInterface } from "node:readline";
import { InvalidParameterValue } from "../common/errors.ts";
import { escaped } from "../common/printable.ts";
import type { CliIo } from "./cli-io.ts";

/** @throws {InvalidParameterValue} when the answer is not yes */
export async function confirm(
  io: CliIo,
  question: string,
  options: { readonly yes?: boolean },
): Promise<void> {
  if (options.yes || !io.stdin.isTTY) return;
  const reader = createInterface({ input: io.stdin, output: io.stderr, terminal: false });
  try {
    const answer = await new Promise<string>((resolve) => {
      reader.once("close", () => resolve(""));
      reader.question(`${escaped(question)} [y/N] `, resolve);
    });
    if (!/^y(?:es)?$/i.test(answer.trim()))
      throw new InvalidParameterValue(
        "nothing was done: the answer was not yes (--yes does not ask)",
      );
  } finally {
    reader.close();
  }
}

/** `a, b, c and 4 more`, for questions. */
export function fewOf(names: readonly string[], most = 8): string {
  const more = names.length - most;
  const shown = names.slice(0, most).join(", ");
  return more > 0 ? `${shown} and ${more} more` : shown;
}

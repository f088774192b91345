/** Asks for a password: unseen on a terminal, else the first line of standard input. */
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { InvalidParameterValue } from "../common/errors.ts";
import { Secret } from "../common/secret.ts";
import type { CliIo } from "./cli-io.ts";

/**
 * @param question shown on standard error, on a terminal only
 * @throws {InvalidParameterValue} when there is no line
 */
export async function askPassword(io: CliIo, question: string): Promise<Secret> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({
    input: io.stdin,
    output: nowhere,
    terminal: io.stdin.isTTY === true,
  });
  try {
    /* Not earlier: until now the terminal has shown what is typed. */
    if (io.stdin.isTTY) io.stderr.write(question);
    const line = await new Promise<string | undefined>((resolve) => {
      reader.once("line", resolve);
      reader.once("close", () => resolve(undefined));
      reader.once("SIGINT", () => resolve(undefined));
    });
    if (line === undefined) throw new InvalidParameterValue("no password was given");
    return new Secret(line);
  } finally {
    reader.close();
    if (io.stdin.isTTY) io.stderr.write("\n");
  }
}

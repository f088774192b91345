/** What the program gets from outside, as one argument, so that tests can stand in for it. */
import type { Readable, Writable } from "node:stream";
import type { Clock } from "../common/clock.ts";

export interface CliIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable & {
    readonly isTTY?: boolean;
    readonly setRawMode?: (raw: boolean) => unknown;
  };
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  readonly clock: Clock;
}

export function printLine(stream: Writable, line: string): void {
  stream.write(`${line}\n`);
}

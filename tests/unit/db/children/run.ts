/** Starts the child processes of the database's tests. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

export type Child = ChildProcessByStdio<null, Readable, Readable>;

/** @param name of a file in this folder */
export function startChild(name: "commit-loop" | "upgrade", ...args: readonly string[]): Child {
  const file = fileURLToPath(new URL(`./${name}.js`, import.meta.url));
  return spawn(process.execPath, [file, ...args], { stdio: ["ignore", "pipe", "pipe"] });
}

/** @throws {Error} with what it wrote to stderr, unless it ends by itself and well */
export async function outputOf(child: Child): Promise<string> {
  const [out, complaints, [status, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  if (status !== 0)
    throw new Error(`child ended with ${String(status ?? signal)}: ${complaints || out}`);
  return out;
}

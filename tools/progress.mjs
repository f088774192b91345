/**
 * How the set-up scripts talk to people and run programs: one line a step, children without a shell.
 * Plain JavaScript without dependencies, since it runs before anything is installed.
 */
import { spawn } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/** Absolute path of the clone. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** A mistake of the surroundings, told without a stack. */
export class ToolError extends Error {}

/** @param {string} line */
export function say(line) {
  process.stdout.write(`${line}\n`);
}

/** @param {number} sinceMs from Date.now() */
export function seconds(sinceMs) {
  return `${((Date.now() - sinceMs) / 1000).toFixed(1)} s`;
}

/**
 * Runs a program to its end, its output passed through.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, onSpawn?: (pid: number) => void, quiet?: boolean, held?: boolean }} [options]
 *   `quiet` keeps the output and shows it only on failure, `held` keeps it and shows it at the end
 * @returns {Promise<number>} exit status; 128 + n for signal n is not told apart from failure
 */
export function run(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: ROOT,
      env: options.env ?? process.env,
      stdio:
        options.quiet || options.held
          ? ["ignore", "pipe", "pipe"]
          : ["ignore", "inherit", "inherit"],
    });
    const output = [];
    child.stdout?.on("data", (chunk) => output.push(chunk));
    child.stderr?.on("data", (chunk) => output.push(chunk));
    if (child.pid !== undefined) options.onSpawn?.(child.pid);
    child.on("error", (cause) =>
      reject(new ToolError(`cannot run ${program}: ${cause.message}`, { cause })),
    );
    child.on("close", (status, signal) => {
      if (options.held) process.stdout.write(Buffer.concat(output));
      else if (status !== 0 && options.quiet) process.stderr.write(Buffer.concat(output));
      resolve(signal ? 1 : (status ?? 1));
    });
  });
}

/**
 * Runs `main` when `url` is the script that Node was started with, and ends in a plain message.
 * @param {string} url import.meta.url
 * @param {() => Promise<void>} main
 */
export async function whenStarted(url, main) {
  if (process.argv[1] === undefined || fileURLToPath(url) !== process.argv[1]) return;
  try {
    await main();
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}

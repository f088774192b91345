/**
 * Caps of a session that work on every Linux, without cgroups: a chain of programs that each set something
 * and become the next one, so that it stays one process.
 */

export interface Caps {
  /** Processes and threads of the session's user. */
  readonly processes: number;
  /** CPU numbers that it may use; empty for all. */
  readonly cpus: readonly number[];
  /** /proc/self/limits of who starts it, on the machine where it runs; nothing when that may raise limits. */
  readonly ownLimits?: string;
}

/** FACT(Chromium 156, tried): about 115 processes and threads for a session with a simple page. */
export const SESSION_PROCESSES = 1024;
const OPEN_FILES = 4096;
/** A file in memory, of which Chromium makes some. */
const FILE_BYTES = 512 * 1024 * 1024;
/** Behind what the conductor itself does. */
const NICENESS = 5;

/**
 * What this process may itself have at most, which is all that it can hand down without more rights.
 * @param text /proc/self/limits
 * @param name `Max processes`
 */
export function hardLimit(text: string, name: string): number {
  const hard = new RegExp(`^${name}\\s+\\S+\\s+(\\S+)`, "m").exec(text)?.[1];
  const limit = Number(hard);
  return Number.isSafeInteger(limit) ? limit : Infinity;
}

/** @returns the program and arguments to put before those of what is to be capped */
export function capped({ processes, cpus, ownLimits = "" }: Caps): string[] {
  const cap = (name: string, wanted: number): number =>
    Math.min(wanted, hardLimit(ownLimits, name));
  return [
    "nice",
    "-n",
    String(NICENESS),
    ...(cpus.length > 0 ? ["taskset", "--cpu-list", cpus.join(",")] : []),
    "prlimit",
    `--nproc=${cap("Max processes", processes)}`,
    `--nofile=${cap("Max open files", OPEN_FILES)}`,
    `--fsize=${cap("Max file size", FILE_BYTES)}`,
    "--core=0",
    "--",
  ];
}

/**
 * Some CPUs out of those that this process may use, others each time.
 * @param allowed /proc/self/status, Cpus_allowed_list: `0-3,8`
 * @param turn counts up from session to session
 * @returns none when all of them are wanted
 */
export function chooseCpus(allowed: string, wanted: number, turn: number): number[] {
  const all = allowed.split(",").flatMap((part) => {
    const [first = NaN, last = first] = part.trim().split("-").map(Number);
    if (!Number.isSafeInteger(first) || !Number.isSafeInteger(last) || last - first > 8192)
      return [];
    return Array.from({ length: last - first + 1 }, (_none, index) => first + index);
  });
  if (all.length <= wanted) return [];
  return Array.from({ length: wanted }, (_none, index) => {
    return all[(turn * wanted + index) % all.length] ?? 0;
  }).toSorted((a, b) => a - b);
}

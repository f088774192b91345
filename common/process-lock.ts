/**
 * A file that says which process of this machine holds something: a conductor's name, a data folder. It
 * tells a second start from a restart after `kill -9` or a power cut, which leave the file behind.
 *
 * What it cannot judge (another container, another machine with the same folder) it leaves to the caller.
 */
import { randomUUID } from "node:crypto";
import {
  linkSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";

/** Distinguishes a process from a later one that got the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks between boot and the process's start; null where the system does not say. */
  readonly startTicks: number | null;
  readonly bootId: string | null;
  readonly pidNamespace: string | null;
  readonly machine: string;
}

export interface ProcessLock {
  /** True when a file was found whose process is certainly dead: its heartbeat means nothing. */
  readonly previousRunDied: boolean;
  /** Writes ourselves into the file when {@link takeProcessLock} had to leave it. */
  confirm(): void;
  /** Removes the file if it is still ours. */
  release(): void;
}

type Verdict = "alive" | "dead" | "unknown";

/**
 * @param file absolute path; its folder is made
 * @param refusal makes the error that is thrown when the file's process, of this number, lives
 */
export function takeProcessLock(file: string, refusal: (pid: number) => Error): ProcessLock {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const mine = `${JSON.stringify(identityOf(process.pid))}\n`;
  const verdict = takeFile(file, mine, refusal);
  return {
    previousRunDied: verdict === "dead",
    confirm: () => {
      if (verdict === "unknown") replaceFile(file, mine);
    },
    release: () => {
      if (readText(file) === mine) rmSync(file, { force: true });
    },
  };
}

/** @returns what the file said before; "unknown" leaves the file as it is */
function takeFile(file: string, mine: string, refusal: (pid: number) => Error): Verdict | "none" {
  let found: Verdict | "none" = "none";
  for (;;) {
    if (createExclusively(file, mine)) return found;
    const text = readText(file);
    if (text === undefined) continue;
    found = judge(text);
    if (found === "unknown") return found;
    if (found === "alive") throw refusal(parse(text)?.pid ?? 0);
    removeExactly(file, text);
  }
}

/** Appears with its content or not at all. */
function createExclusively(file: string, text: string): boolean {
  const draft = `${file}.${randomUUID()}`; // containers that share the folder may share numbers too
  writeFileSync(draft, text, { mode: 0o600 });
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function replaceFile(file: string, text: string): void {
  const draft = `${file}.${randomUUID()}`;
  writeFileSync(draft, text, { mode: 0o600 });
  renameSync(draft, file);
}

/** Removes the file unless another process has just put its own there. */
function removeExactly(file: string, text: string): void {
  const aside = `${file}.stale.${randomUUID()}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  try {
    if (readText(aside) !== text) linkSync(aside, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function judge(text: string): Verdict {
  const recorded = parse(text);
  if (!recorded) return "dead"; // no crash of ours can leave this, only a hand can
  const self = identityOf(process.pid);
  if (recorded.machine !== self.machine) return "unknown";
  if (recorded.bootId !== self.bootId) return "dead";
  if (recorded.pidNamespace !== self.pidNamespace) return "unknown";
  if (!exists(recorded.pid)) return "dead";
  return identityOf(recorded.pid).startTicks === recorded.startTicks ? "alive" : "dead";
}

function parse(text: string): ProcessIdentity | undefined {
  try {
    const value = JSON.parse(text) as Partial<ProcessIdentity> | null;
    const pid = value?.pid;
    return Number.isSafeInteger(pid) && Number(pid) > 0 ? (value as ProcessIdentity) : undefined;
  } catch {
    return undefined;
  }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function identityOf(pid: number): ProcessIdentity {
  return {
    pid,
    startTicks: startTicks(pid),
    bootId: readText("/proc/sys/kernel/random/boot_id")?.trim() ?? null,
    pidNamespace: readLink(`/proc/self/ns/pid`),
    machine: hostname(),
  };
}

/** FACT(proc_pid_stat(5)): field 22; the name in field 2 may hold spaces and parentheses. */
function startTicks(pid: number): number | null {
  const stat = readText(`/proc/${pid}/stat`);
  if (stat === undefined) return null;
  const afterName = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(afterName[19]);
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function readLink(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

/**
 * The console that this or an earlier conductor started on this machine: finds it, tells whether it is the
 * one that is wanted now, and ends it with everything it started.
 */
import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import {
  argumentsOf,
  endGroup,
  environmentOf,
  groupsMarked,
  isRunning,
  openFileOf,
} from "../lib/child-process-group.ts";
import { SCRIPT, socatArguments, socatEnvironment, type SocatCommand } from "./command.ts";
import { removeFiles, type ConsoleFiles } from "./console-files.ts";
import { isListening } from "./listening.ts";
import { readNote, type RunningNote } from "./note.ts";

/** @returns the note of a socat that lives and listens */
export function findRunning(files: ConsoleFiles): RunningNote | undefined {
  const note = readNote(files.note);
  if (note === "none" || note === "begun" || !lives(note, files)) return undefined;
  if (!isWhole(note, files)) return undefined;
  return isListening(note.pid, note.port === null ? "unix" : "tcp") ? note : undefined;
}

/** True when a running socat was started with exactly what would be used now, its password included. */
export function isTheSame(note: RunningNote, command: SocatCommand): boolean {
  const { pid } = note;
  const { access, config } = command;
  const inEnvironment = config.ipmi.store_cred_in_env;
  const environment = Object.entries(socatEnvironment(command));
  const password = inEnvironment ? undefined : access.password?.reveal() || "\0";
  return (
    sameList(argumentsOf(pid)?.slice(1), socatArguments(command)) &&
    sameList(
      environmentOf(pid)?.toSorted(),
      environment.map(([name, value]) => `${name}=${value}`).toSorted(),
    ) &&
    (password === undefined || openFileOf(pid, 3) === password)
  );
}

/**
 * Ends whatever runs for this console, also what lost its socat or never got a note, and removes its files.
 * @returns true when there was something
 * @throws {Error} when a process survives
 */
export async function endRunning(files: ConsoleFiles, killTimeoutMs: number): Promise<boolean> {
  const note = readNote(files.note);
  if (note !== "none")
    for (const group of await groupsOf(note, files)) await endGroup(group, killTimeoutMs);
  removeFiles(files);
  return note !== "none";
}

/** A living socat leads its group; one that is dead may have left its children. */
async function groupsOf(note: RunningNote | "begun", files: ConsoleFiles): Promise<Set<number>> {
  if (note !== "begun" && lives(note, files)) return new Set([note.pid]);
  return await groupsMarked(markOf(files), files.folder);
}

/** Somebody may have tidied up in the folder. */
function isWhole(note: RunningNote, files: ConsoleFiles): boolean {
  try {
    return (
      readFileSync(files.script, "utf8") === SCRIPT &&
      (note.port !== null || existsSync(files.socket))
    );
  } catch {
    return false;
  }
}

function lives(note: RunningNote, files: ConsoleFiles): boolean {
  if (!isRunning(note)) return false;
  return argumentsOf(note.pid)?.some((argument) => argument.includes(markOf(files))) ?? false;
}

/** Stands in the arguments of socat, flock and ipmitool alike, and is no other console's. */
function markOf(files: ConsoleFiles): string {
  return basename(files.script);
}

function sameList(a: readonly string[] | undefined, b: readonly string[]): boolean {
  return a?.length === b.length && b.every((item, index) => item === a[index]);
}

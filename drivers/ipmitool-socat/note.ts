/**
 * The note beside a running console that tells a later conductor which process it is. It is there before
 * the process is, so that even a kill -9 in between leaves a trace. Holds no secret.
 */
import { readFileSync, renameSync } from "node:fs";
import type { ProcessIdentity } from "../lib/child-process-group.ts";
import { objectOf } from "../lib/json-object.ts";
import { writePrivate } from "./console-files.ts";

export interface RunningNote extends ProcessIdentity {
  /** Null for a Unix socket. */
  readonly port: number | null;
  /** Null where ipmitool chooses. */
  readonly cipherSuite: number | null;
  /** SHA-256 of socat's certificate; null without TLS. */
  readonly fingerprint: string | null;
}

/** `begun`: a start was under way, or the note cannot be read; `none`: nothing runs. */
export type Note = RunningNote | "begun" | "none";

const BEGUN = "{}\n";

export function writeBegun(path: string): void {
  writePrivate(path, BEGUN);
}

export function writeRunning(path: string, note: RunningNote): void {
  writePrivate(`${path}.new`, `${JSON.stringify(note)}\n`);
  renameSync(`${path}.new`, path);
}

export function readNote(path: string): Note {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "none";
    return "begun";
  }
  return parse(text) ?? "begun";
}

function parse(text: string): RunningNote | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { pid, startTicks, bootId, port, cipherSuite, fingerprint } = objectOf(value) ?? {};
  if (!isCount(pid) || pid < 2 || !isCount(startTicks) || typeof bootId !== "string")
    return undefined;
  return {
    pid,
    startTicks,
    bootId,
    port: isCount(port) ? port : null,
    cipherSuite: isCount(cipherSuite) ? cipherSuite : null,
    fingerprint: typeof fingerprint === "string" ? fingerprint : null,
  };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

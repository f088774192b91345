/** The files of one running console, all in `[console]terminal_pid_dir`, which is for this service only. */
import { mkdirSync, rmSync, statSync, writeFileSync, type Stats } from "node:fs";
import { join } from "node:path";
import { ConsoleError, messageOf } from "../base.ts";

/** FACT(unix(7)): sun_path has 108 bytes, one of them for the end. */
export const MAX_SOCKET_PATH_BYTES = 107;

/** Absolute paths; socat runs in `folder` and is told the names alone, which keeps its addresses short. */
export interface ConsoleFiles {
  readonly folder: string;
  readonly socket: string;
  /** Which process it is. */
  readonly note: string;
  /** ipmitool's commands; at the same time what the one ipmitool holds a lock on. */
  readonly script: string;
  /** Held while a console is being started or stopped. */
  readonly lock: string;
  /** TLS only, and only until socat has read them. */
  readonly certificate: string;
  readonly key: string;
  readonly clientCertificate: string;
}

/** @throws {Error} for what is no UUID: the name of a file is made of it */
export function consoleFiles(folder: string, uuid: string): ConsoleFiles {
  if (!/^[0-9A-Fa-f-]{36}$/.test(uuid)) throw new Error("a node's uuid is expected");
  const named = (ending: string): string => join(folder, `${uuid}.${ending}`);
  return {
    folder,
    socket: named("sock"),
    note: named("json"),
    script: named("sol"),
    lock: named("lock"),
    certificate: named("crt"),
    key: named("key"),
    clientCertificate: named("client.crt"),
  };
}

/**
 * Makes the folder. One that is there already is never changed: it may be /run or /tmp.
 * @throws {ConsoleError} naming `[console]terminal_pid_dir` when it cannot be used, is another user's, or
 * others may look in
 */
export function prepareFolder(folder: string): void {
  let stats: Stats;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    stats = statSync(folder);
  } catch (cause) {
    throw new ConsoleError(`[console]terminal_pid_dir cannot be used: ${messageOf(cause)}`, {
      cause,
    });
  }
  // Root can use the folder that somebody else made and still changes.
  if ((stats.mode & 0o077) !== 0 || stats.uid !== process.getuid?.())
    throw new ConsoleError(
      "[console]terminal_pid_dir must be a folder of mode 0700 that only this service uses",
    );
}

/** Writes a file for the owner alone, whatever was there before. */
export function writePrivate(path: string, text: string): void {
  rmSync(path, { force: true });
  writeFileSync(path, text, { mode: 0o600, flag: "wx" });
}

/** What socat has read once and needs no more. */
export function removeCertificates(files: ConsoleFiles): void {
  for (const path of [files.key, files.certificate, files.clientCertificate])
    rmSync(path, { force: true });
}

/** The note goes last: while it is there, the next run looks for the rest. */
export function removeFiles(files: ConsoleFiles): void {
  removeCertificates(files);
  for (const path of [files.socket, files.script, `${files.note}.new`, files.note])
    rmSync(path, { force: true });
}

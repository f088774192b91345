/**
 * The password of a BMC in a file, as `ipmitool -f` wants it: mode 0600, never one that was there before.
 * Whoever makes a file owns it and removes it.
 */
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomUUID } from "node:crypto";
import type { Secret } from "../../base.ts";

/**
 * FACT(ipmitool 1.8.19): it refuses an empty file and then asks the terminal. A NUL byte is an empty
 * password to it, as Ironic found.
 */
const EMPTY = "\0";

/**
 * Writes a file that stays until it is removed.
 * @param path in a folder that only this service may write
 * @throws {Error} EEXIST when there is one already, symbolic links included
 */
export function writePasswordFile(path: string, password: Secret | null): void {
  closeSync(openPasswordFile(path, password));
}

/** Removes it; one that is gone already is fine. */
export function removePasswordFile(path: string): void {
  rmSync(path, { force: true });
}

/**
 * The password in a file without a name: it goes with its last descriptor, whatever kills whom. A child
 * that gets the descriptor as its Nth reads it from `/dev/fd/N`.
 * @returns the descriptor, for the caller to close
 */
export function openNamelessPasswordFile(password: Secret | null): number {
  const path = join(tmpdir(), `bmcon-${randomUUID()}`);
  const descriptor = openPasswordFile(path, password);
  removePasswordFile(path);
  return descriptor;
}

function openPasswordFile(path: string, password: Secret | null): number {
  const descriptor = openSync(path, "wx+", 0o600);
  try {
    writeSync(descriptor, password?.reveal() || EMPTY);
    return descriptor;
  } catch (error) {
    closeSync(descriptor);
    removePasswordFile(path);
    throw error;
  }
}

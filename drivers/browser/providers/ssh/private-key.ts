/** Reads [browser]ssh_key_file; it is read again for each connection, and kept nowhere. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { ConsoleError } from "../../../base.ts";

const MAX_BYTES = 64 * 1024;
const OTHERS = 0o077;

/** @throws {ConsoleError} that says what is wrong with it */
export function readPrivateKey(path: string): Buffer {
  if (path === "") throw new ConsoleError("[browser]ssh_key_file is not set");
  const descriptor = open(path);
  try {
    const { mode, uid, size } = fstatSync(descriptor);
    if ((mode & OTHERS) !== 0)
      throw new ConsoleError(`others may read the SSH key "${path}", chmod 600 it`);
    if (uid !== 0 && uid !== process.getuid?.())
      throw new ConsoleError(`the SSH key "${path}" belongs to another user`);
    if (size > MAX_BYTES) throw new ConsoleError(`"${path}" is too long for an SSH key`);
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** @returns the text, empty without a path; @throws {ConsoleError} */
export function readKnownHosts(path: string): string {
  if (path === "") return "";
  const descriptor = open(path);
  try {
    if (fstatSync(descriptor).size > MAX_BYTES * 64)
      throw new ConsoleError(`"${path}" is too long for a known_hosts file`);
    return readFileSync(descriptor, "utf8");
  } finally {
    closeSync(descriptor);
  }
}

/** O_NONBLOCK: a FIFO in its place must not stop the program. */
function open(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    const { code = "error" } = cause as NodeJS.ErrnoException;
    throw new ConsoleError(`cannot read "${path}" (${code})`, { cause });
  }
}

/**
 * Creates a file with its content, or not at all: whoever looks, and whatever is killed when, sees
 * either nothing or the whole. For key files, of which half a file is worse than none.
 */
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/**
 * @param file absolute path; its folder is made, for the owner alone
 * @returns false when another was faster; the file is then left as it is
 * @throws {Error} of the file system
 */
export function createFileOnce(file: string, text: string): boolean {
  const folder = dirname(file);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}.new`;
  rmSync(draft, { force: true });
  try {
    writeSynced(draft, text);
    linkSync(draft, file);
    syncFolder(folder);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function writeSynced(file: string, text: string): void {
  const descriptor = openSync(file, "wx", 0o600);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Without this the name may be lost in a power cut although the content is safe (fsync(2)). */
function syncFolder(folder: string): void {
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

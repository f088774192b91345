/**
 * Reads files on which the front door's safety hangs: regular, bounded, of an owner who may change them,
 * and nobody else may. A symbolic link counts as the file it leads to, judged together with its folders.
 */
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  realpathSync,
  statSync,
} from "node:fs";
import { dirname } from "node:path";

const OTHERS_WRITE = 0o022;
const OTHERS_AT_ALL = 0o077;
const STICKY = 0o1000;

/**
 * @param options `secret`: others may not even read it
 * @returns its text
 * @throws {Error} that says what is wrong with it
 */
export function readOwnedFile(
  path: string,
  options: { readonly secret: boolean; readonly maxBytes: number },
): string {
  const real = realpathSync(path);
  // O_NONBLOCK: a FIFO in its place must not stop the program.
  const descriptor = openSync(real, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(descriptor);
    const { uid, mode, size } = stats;
    if (!stats.isFile()) throw new Error(`"${path}" is no regular file`);
    if (!isTrusted(uid)) throw new Error(`"${path}" belongs to another user`);
    if (options.secret && (mode & OTHERS_AT_ALL) !== 0)
      throw new Error(`others may read "${path}", chmod 600 it`);
    if ((mode & OTHERS_WRITE) !== 0)
      throw new Error(`others may write to "${path}", chmod go-w it`);
    if (size > options.maxBytes)
      throw new Error(`"${path}" is longer than ${options.maxBytes} bytes`);
    checkFolders(real);
    return readFileSync(descriptor, "utf8");
  } finally {
    closeSync(descriptor);
  }
}

/** Who can rename in a folder can put another file in its place (as sshd's StrictModes). */
function checkFolders(real: string): void {
  for (let folder = dirname(real); ; folder = dirname(folder)) {
    const { uid, mode } = statSync(folder);
    const shared = (mode & OTHERS_WRITE) !== 0 && (mode & STICKY) === 0;
    if (shared || !isTrusted(uid)) throw new Error(`others may write to the folder "${folder}"`);
    if (folder === dirname(folder)) return;
  }
}

function isTrusted(uid: number): boolean {
  return uid === 0 || uid === process.getuid?.();
}

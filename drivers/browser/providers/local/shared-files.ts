/** The images that a session is shown as files: what they must be like before they are bound into it. */
import { statSync } from "node:fs";
import { isAbsolute } from "node:path";
import { ConsoleError } from "../../../base.ts";
import type { SharedFile } from "../provider.ts";

const READABLE_BY_OTHERS = 0o004;

/**
 * @param otherUser true when sessions run as users of their own
 * @throws {ConsoleError} naming the file that a session could not read
 */
export function checkSharedFiles(files: readonly SharedFile[], otherUser: boolean): void {
  for (const { path, name } of files) {
    if (!/^[^/\0]{1,200}$/.test(name) || name === "." || name === ".." || !isAbsolute(path))
      throw new ConsoleError(`"${name}" cannot be the name of a shared file`);
    const stats = statSync(path, { throwIfNoEntry: false });
    if (!stats?.isFile()) throw new ConsoleError(`there is no file "${path}" to share`);
    if (otherUser && (stats.mode & READABLE_BY_OTHERS) === 0)
      throw new ConsoleError(
        `the file "${path}" cannot be shared: sessions run as other users, who may not read it (mode 0644 in a private folder is right)`,
      );
  }
}

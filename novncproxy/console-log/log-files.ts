/**
 * Names and opens the files of console logs. A name is the UTC time of its first record, so that names
 * sort by time. Nothing is opened through a symbolic link, and nothing but a regular file.
 */
import { constants } from "node:fs";
import { lstat, mkdir, open, readdir, unlink, type FileHandle } from "node:fs/promises";
import { join } from "node:path";

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const NAME = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)\.(\d{3})Z\.log$/;
/** Tries for a name that nobody has, a millisecond apart. */
const MOST_TRIES = 1000;

export interface LogFileName {
  readonly path: string;
  /** When its first record was begun, milliseconds since the epoch. */
  readonly startsAt: number;
}

/** @throws {TypeError} for what is no UUID, which therefore is no path either */
export function nodeFolder(folder: string, nodeUuid: string): string {
  if (!UUID.test(nodeUuid)) throw new TypeError(`"${nodeUuid}" is no UUID of a node`);
  return join(folder, nodeUuid);
}

/** @returns the log files in a node's folder, the oldest first; none when there is no folder */
export async function listLogFiles(folder: string): Promise<LogFileName[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  return names
    .filter((name) => NAME.test(name))
    .sort()
    .map((name) => ({
      path: join(folder, name),
      startsAt: Date.parse(name.replace(NAME, "$1-$2-$3T$4:$5:$6.$7Z")),
    }));
}

/** Makes a new file of a node, and its folder. @throws {Error} of the file system, or for a folder that is a link */
export async function createLogFile(
  folder: string,
  time: number,
): Promise<{ readonly path: string; readonly handle: FileHandle }> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (!(await lstat(folder)).isDirectory()) throw new TypeError(`${folder} is no folder`);
  const { O_WRONLY, O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  for (let tries = 0; ; tries += 1) {
    const name = `${new Date(time + tries).toISOString().replaceAll(/[-:]/g, "")}.log`;
    const path = join(folder, name);
    try {
      const flags = O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW;
      return { path, handle: await open(path, flags, 0o600) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST" || tries === MOST_TRIES) throw error;
    }
  }
}

/** Deletes the oldest files beyond `keep`. */
export async function deleteOldLogFiles(folder: string, keep: number): Promise<void> {
  const files = await listLogFiles(folder);
  for (const { path } of files.slice(0, Math.max(0, files.length - keep))) await unlink(path);
}

/** @returns undefined when it was deleted meanwhile. @throws {Error} for a link or what is no regular file */
export async function openLogFile(path: string): Promise<FileHandle | undefined> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants;
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    },
  );
  if (!file || (await file.stat()).isFile()) return file;
  await file.close();
  throw new TypeError(`${path} is no regular file`);
}

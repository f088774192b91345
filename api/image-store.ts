/**
 * The folder of the images' files: `UUID` for what is complete, `UUID.part-RANDOM` for what is coming. A
 * file appears whole and at once, by its rename. Knows nothing of names, owners or sizes.
 */
import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { messageOf, StartupError } from "../common/errors.ts";
import { imageFile } from "../common/image-names.ts";

const OURS = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(\.part-[0-9a-f]{16})?$/;

/** A file that is being written. */
export interface Draft {
  readonly handle: FileHandle;
  /** Synced, closed, and put in place of what was there. */
  finish(): Promise<void>;
  /** Closed and deleted; nothing happens after finish. */
  discard(): Promise<void>;
}

/** A file in the folder, by its name alone. */
export interface StoredFile {
  readonly uuid: string;
  readonly isDraft: boolean;
}

export class ImageStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @throws {StartupError} when the folder cannot be made or written */
  async prepare(): Promise<void> {
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    } catch (cause) {
      throw new StartupError(
        `cannot use the folder of images "${this.#folder}" ([image]store_dir): ${messageOf(cause)}`,
        { cause },
      );
    }
  }

  async create(uuid: string): Promise<Draft> {
    await this.prepare();
    const file = imageFile(this.#folder, uuid);
    const draft = `${file}.part-${randomBytes(8).toString("hex")}`;
    const handle = await open(
      draft,
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
      0o600,
    );
    /* Browser sessions of a conductor that is root run as users of their own; nobody else gets past the folder. */
    await handle.chmod(0o644);
    let ended = false;
    const once = async (work: () => Promise<void>): Promise<void> => {
      if (ended) return;
      ended = true;
      await work();
    };
    return {
      handle,
      finish: () =>
        once(async () => {
          await handle.sync();
          await handle.close();
          await rename(draft, file);
          await syncFolder(dirname(file));
        }),
      discard: () =>
        once(async () => {
          await handle.close();
          await rm(draft, { force: true });
        }),
    };
  }

  /**
   * Opens a complete image for reading, never through a symbolic link.
   * @returns undefined when there is no such file, or it is not `sizeBytes` long
   */
  async open(uuid: string, sizeBytes: number): Promise<FileHandle | undefined> {
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW;
    const handle = await open(imageFile(this.#folder, uuid), flags).catch(() => undefined);
    if (!handle) return undefined;
    const found = await handle.stat();
    if (found.isFile() && found.size === sizeBytes) return handle;
    await handle.close();
    return undefined;
  }

  async remove(uuid: string): Promise<void> {
    await rm(imageFile(this.#folder, uuid), { force: true });
  }

  /**
   * Deletes what nobody needs any more.
   * @param neededSince for each file: it goes when nobody has written to it since; undefined keeps it
   * @returns how many went
   */
  async sweep(neededSince: (file: StoredFile) => number | undefined): Promise<number> {
    const names = await readdir(this.#folder).catch(() => []);
    let swept = 0;
    for (const name of names) {
      const [, uuid, suffix] = OURS.exec(name) ?? [];
      if (uuid === undefined) continue;
      const since = neededSince({ uuid, isDraft: suffix !== undefined });
      if (since === undefined) continue;
      const path = join(this.#folder, name);
      const found = await stat(path).catch(() => undefined);
      if (found === undefined || found.mtimeMs >= since) continue;
      await rm(path, { force: true });
      swept += 1;
    }
    return swept;
  }
}

/** Without this the name may be lost in a power cut although the content is safe (fsync(2)). */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

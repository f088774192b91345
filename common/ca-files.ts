/**
 * Reads files of certificate authorities, whose paths users of the API may choose: regular files of a
 * bounded size only, never one that blocks or has no end. What was parsed is kept for as long as the
 * file stays the same, since a system's authorities take several milliseconds to parse.
 */
import type { Stats } from "node:fs";
import { constants, open, stat, type FileHandle } from "node:fs/promises";
import { createSecureContext, type SecureContext, type SecureContextOptions } from "node:tls";

export const MAX_CA_FILE_BYTES = 1024 * 1024;
/** Files and TLS settings that are remembered at the same time. */
const MAX_KEPT = 32;

/** What of a TLS context depends on the connection, beside the authorities. */
export type ContextSettings = Pick<SecureContextOptions, "minVersion" | "maxVersion" | "ciphers">;

interface Kept {
  /** State of the file that was read. */
  readonly version: string;
  readonly context: SecureContext;
}

export class CaFiles {
  /** The latest used is the last. */
  readonly #kept = new Map<string, Kept>();

  /**
   * A TLS context that believes the authorities in a PEM file, and nobody else.
   * @param path absolute
   * @throws {Error} when the file cannot be read, is no regular file, or is longer than 1 MiB
   */
  async context(path: string, settings: ContextSettings): Promise<SecureContext> {
    const version = versionOf(checked(await stat(path), path));
    const key = JSON.stringify([path, settings]);
    const kept = this.#kept.get(key);
    this.#kept.delete(key);
    if (kept?.version === version) {
      this.#kept.set(key, kept);
      return kept.context;
    }
    const read = await readPem(path);
    const context = createSecureContext({ ...settings, ca: read.pem });
    this.#kept.set(key, { version: read.version, context });
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= MAX_KEPT) break;
      this.#kept.delete(oldest);
    }
    return context;
  }
}

async function readPem(path: string): Promise<{ readonly pem: string; readonly version: string }> {
  /* O_NONBLOCK: it may have become a FIFO since it was looked at. */
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    const version = versionOf(checked(await file.stat(), path));
    return { pem: await readBounded(file, path), version };
  } finally {
    await file.close();
  }
}

/** FACT(Linux): files in /proc state a size of 0, so what is read is bounded as well. */
async function readBounded(file: FileHandle, path: string): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for (;;) {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(65_536), 0, 65_536, null);
    if (bytesRead === 0) return Buffer.concat(chunks).toString("utf8");
    length += bytesRead;
    if (length > MAX_CA_FILE_BYTES) throw tooLong(path);
    chunks.push(buffer.subarray(0, bytesRead));
  }
}

/** @throws {Error} unless it may be read */
function checked(stats: Stats, path: string): Stats {
  if (!stats.isFile()) throw new TypeError(`${path} is no regular file`);
  if (stats.size > MAX_CA_FILE_BYTES) throw tooLong(path);
  return stats;
}

function tooLong(path: string): Error {
  return new RangeError(`${path} has more than ${MAX_CA_FILE_BYTES} bytes`);
}

function versionOf({ dev, ino, mtimeMs, size }: Stats): string {
  return [dev, ino, mtimeMs, size].join(":");
}

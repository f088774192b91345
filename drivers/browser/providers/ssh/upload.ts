/** Puts files into a session's folder on an auxiliary host, by SFTP. */
import { stat } from "node:fs/promises";
import type { SFTPWrapper } from "ssh2";
import { printable } from "../../../../common/printable.ts";
import { ConsoleError, type Logger } from "../../../base.ts";
import { throwIfAborted } from "../../../lib/deadline.ts";
import type { SharedFile } from "../provider.ts";
import type { SshLine } from "./ssh-line.ts";

/** What has to stay free on the host's disk. */
const RESERVE_BYTES = 512 * 1024 * 1024;
const PROGRESS_MS = 5000;
const READABLE = 0o644;

export interface Upload {
  readonly line: SshLine;
  readonly hostName: string;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/**
 * Sends the files as `0`, `1`, … into a folder there, one after the other.
 * @returns their paths there, in the same order
 * @throws {ConsoleError} when the host's disk has no room for them
 */
export async function uploadFiles(
  files: readonly SharedFile[],
  folder: string,
  upload: Upload,
): Promise<string[]> {
  if (files.length === 0) return [];
  return await withSftp(upload, async (sftp) => {
    const sizes = await Promise.all(files.map(async ({ path }) => (await stat(path)).size));
    await requireRoom(
      sftp,
      folder,
      sizes.reduce((sum, size) => sum + size, 0),
      upload,
    );
    const paths: string[] = [];
    for (const [index, file] of files.entries()) {
      const target = `${folder}/${index}`;
      await put(sftp, file, target, sizes[index] ?? 0, upload);
      paths.push(target);
    }
    return paths;
  });
}

/** Writes a small file under another name first, so that whoever waits for it sees it whole. */
export async function uploadText(text: string, path: string, upload: Upload): Promise<void> {
  await withSftp(upload, async (sftp) => {
    await call(upload, (done) => sftp.writeFile(`${path}.new`, text, { mode: READABLE }, done));
    await call(upload, (done) => sftp.chmod(`${path}.new`, READABLE, done));
    await call(upload, (done) => sftp.rename(`${path}.new`, path, done));
  });
}

/** Whoever aborts closes the channel, and with it whatever waits for an answer. */
async function withSftp<T>(upload: Upload, work: (sftp: SFTPWrapper) => Promise<T>): Promise<T> {
  const sftp = await upload.line.sftp(upload.signal);
  const end = (): void => sftp.end();
  upload.signal.addEventListener("abort", end, { once: true });
  try {
    return await work(sftp);
  } finally {
    upload.signal.removeEventListener("abort", end);
    end();
  }
}

async function put(
  sftp: SFTPWrapper,
  file: SharedFile,
  target: string,
  size: number,
  upload: Upload,
): Promise<void> {
  const { log, hostName } = upload;
  let told = performance.now();
  const step = (sent: number): void => {
    if (performance.now() - told < PROGRESS_MS) return;
    told = performance.now();
    log.info("an image is on its way to an auxiliary host", {
      host: hostName,
      file: printable(file.name),
      sentBytes: sent,
      sizeBytes: size,
    });
  };
  await call(upload, (done) =>
    sftp.fastPut(file.path, target, { step, mode: READABLE, fileSize: size }, done),
  );
}

async function requireRoom(
  sftp: SFTPWrapper,
  folder: string,
  bytes: number,
  upload: Upload,
): Promise<void> {
  const free = await new Promise<number>((resolve) => {
    try {
      sftp.ext_openssh_statvfs(
        folder,
        (error: unknown, info: { f_bavail?: number; f_frsize?: number }) =>
          resolve(error ? Infinity : Number(info.f_bavail) * Number(info.f_frsize)),
      );
    } catch {
      resolve(Infinity); // a server without the extension: the upload itself will tell
    }
  });
  if (free < bytes + RESERVE_BYTES)
    throw new ConsoleError(
      `${upload.hostName} has no room for ${bytes} bytes below ${folder}: ${free} are free, and ${RESERVE_BYTES} have to stay so`,
    );
}

/** FACT(ssh2 1.17): when the channel closes, waiting requests are answered with an error. */
async function call(
  { hostName, line, signal }: Upload,
  act: (done: (error?: Error | null) => void) => void,
): Promise<void> {
  throwIfAborted(signal);
  let failed: Error | undefined;
  await Promise.race([
    new Promise<void>((resolve) => {
      act((error) => {
        if (error) failed = error;
        resolve();
      });
    }),
    line.closed,
    aborted(signal),
  ]);
  throwIfAborted(signal);
  if (!line.isOpen) throw new ConsoleError(`the SSH connection to ${hostName} is lost`);
  if (failed)
    throw new ConsoleError(`cannot send a file to ${hostName}: ${printable(failed.message)}`, {
      cause: failed,
    });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

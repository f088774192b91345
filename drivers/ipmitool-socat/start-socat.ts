/**
 * Starts socat so that it outlives the conductor: in a session of its own, with nothing of ours open.
 * Resolves when it listens; otherwise nothing of it is left.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { realpathSync } from "node:fs";
import { basename, delimiter, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { ConsoleSubprocessFailed } from "../base.ts";
import { printable } from "../../common/printable.ts";
import { endGroup, identityOf, type ProcessIdentity } from "../lib/child-process-group.ts";
import { abortError } from "../lib/deadline.ts";
import { isListening } from "./listening.ts";

const POLL_MS = 10;
const MAX_STDERR_BYTES = 4096;

export interface SocatLaunch {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly transport: "unix" | "tcp";
  /** ipmitool's descriptor 3, with the password; undefined when that is in its environment. */
  readonly descriptor: number | undefined;
  readonly limitMs: number;
  readonly killTimeoutMs: number;
  readonly signal: AbortSignal;
  /** Told as soon as it runs, before it listens. */
  readonly onSpawn: (identity: ProcessIdentity) => void;
}

/** The port is somebody else's. */
export class AddressTaken extends ConsoleSubprocessFailed {}

/**
 * @throws {AddressTaken} {@link ConsoleSubprocessFailed} with what socat says; what aborts the signal
 */
export async function startSocat(launch: SocatLaunch): Promise<void> {
  requireFlock(launch.env["PATH"] ?? "");
  const child = spawn("socat", launch.args, {
    cwd: launch.folder,
    env: launch.env,
    detached: true,
    stdio: ["ignore", "ignore", "pipe", launch.descriptor ?? "ignore"],
  });
  const said = collect(child);
  const failure = failureOf(child, said);
  try {
    await Promise.race([failure, untilListening(child, launch)]);
  } catch (error) {
    if (child.pid !== undefined) await endGroup(child.pid, launch.killTimeoutMs);
    throw error;
  } finally {
    // socat ignores the broken pipe: FACT(socat 1.7.4.4), measured with failing TLS handshakes.
    child.stderr?.destroy();
    child.unref();
  }
}

/** socat would not notice before the first client comes. FACT(busybox 1.35): its flock knows no -F. */
function requireFlock(path: string): void {
  const found = path.split(delimiter).flatMap((folder) => {
    try {
      return [basename(realpathSync(join(folder, "flock")))];
    } catch {
      return [];
    }
  });
  if (found[0] !== undefined && found[0] !== "busybox") return;
  throw new ConsoleSubprocessFailed(
    "flock is not installed where the conductor runs: install the package util-linux",
  );
}

async function untilListening(child: ChildProcess, launch: SocatLaunch): Promise<void> {
  const { pid } = child;
  // The failure says why.
  if (pid === undefined) return await new Promise<never>(() => {});
  const identity = identityOf(pid);
  if (identity) launch.onSpawn(identity);
  const end = performance.now() + launch.limitMs;
  while (child.exitCode === null && child.signalCode === null) {
    if (launch.signal.aborted) throw abortError(launch.signal);
    if (isListening(pid, launch.transport)) return;
    if (performance.now() > end)
      throw new ConsoleSubprocessFailed(
        `socat does not listen after ${launch.limitMs / 1000} s, see [console]subprocess_timeout`,
      );
    await pause(POLL_MS);
  }
  return await new Promise<never>(() => {});
}

function collect(child: ChildProcess): () => string {
  let text = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    if (text.length < MAX_STDERR_BYTES) text += chunk.toString("utf8");
  });
  return () => text.slice(0, MAX_STDERR_BYTES);
}

/** Rejects when it cannot be started or ends; else stays pending. */
async function failureOf(child: ChildProcess, said: () => string): Promise<never> {
  return await new Promise((_resolve, reject) => {
    child.once("error", (error: NodeJS.ErrnoException) => reject(startError(error)));
    child.once("close", (code, signal) => {
      const text = said();
      // FACT(socat 1.7.4.4): `E bind(5, {...}, 16): Address already in use`.
      const type = /address already in use/i.test(text) ? AddressTaken : ConsoleSubprocessFailed;
      reject(new type(`socat ended at once (${signal ?? code}): ${complaintIn(text)}`));
    });
  });
}

function startError(cause: NodeJS.ErrnoException): Error {
  if (cause.code === "ENOENT" || cause.code === "EACCES")
    return new ConsoleSubprocessFailed(
      "socat is not installed where the conductor runs: install the package socat",
      { cause },
    );
  return new ConsoleSubprocessFailed("socat could not be started", { cause });
}

/**
 * FACT(socat 1.7.4.4): `DATE TIME socat[PID] E TEXT`. Its complaints about an address repeat it, so only
 * what a system call said is shown.
 */
function complaintIn(text: string): string {
  const call = /socat\[\d+\] [EF] (\w+\(.*\): [\w ./-]+)$/m.exec(text)?.[1];
  return call === undefined ? "it does not say why" : printable(call);
}

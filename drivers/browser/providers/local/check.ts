/** Whether this machine can run sessions: the programs, and what the kernel lets bubblewrap do. */
import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { ConsoleError } from "../../../base.ts";
import { abortError, throwIfAborted } from "../../../lib/deadline.ts";
import { printable } from "../../../../common/printable.ts";
import { CHROMIUM_PROGRAMS } from "../../sandbox/session-script.ts";

const FOLDERS = ["/usr/bin", "/bin"];
const TRIAL_LIMIT_MS = 20_000;
const MAX_OUTPUT_CHARACTERS = 4000;

/** Program: Debian's package of it. */
const PACKAGES: Readonly<Record<string, string>> = {
  bwrap: "bubblewrap",
  Xvnc: "tigervnc-standalone-server",
  openbox: "openbox",
  socat: "socat",
  xauth: "xauth",
  setpriv: "util-linux",
  prlimit: "util-linux",
  taskset: "util-linux",
  nice: "coreutils",
};
const JAVA_PACKAGES: Readonly<Record<string, string>> = {
  java: "default-jre",
  javaws: "icedtea-netx",
};

/** @throws {ConsoleError} naming every missing program and its package */
export function checkPrograms(java = false): void {
  const wanted = { ...PACKAGES, ...(java && JAVA_PACKAGES) };
  const missing = Object.entries(wanted).filter(
    ([program]) => !FOLDERS.some((folder) => isProgram(join(folder, program))),
  );
  if (!CHROMIUM_PROGRAMS.some(isProgram)) missing.push(["chromium", "chromium"]);
  if (missing.length === 0) return;
  const names = missing.map(([program]) => `"${program}"`).join(", ");
  const packages = [...new Set(missing.map(([, one]) => one))].join(" ");
  throw new ConsoleError(
    `browser sessions need ${names}, which this machine lacks; on Debian: apt-get install --no-install-recommends ${packages}`,
  );
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Runs a harmless command the way sessions are run.
 * @throws {ConsoleError} with what it said, when it does not work
 */
export async function tryCommand(command: readonly string[], signal: AbortSignal): Promise<void> {
  throwIfAborted(signal);
  const [program = "", ...args] = command;
  const child = spawn(program, args, {
    cwd: "/",
    env: { PATH: "/usr/bin:/bin" },
    stdio: ["ignore", "ignore", "pipe"],
    timeout: TRIAL_LIMIT_MS,
    killSignal: "SIGKILL",
  });
  const abort = (): boolean => child.kill("SIGKILL");
  signal.addEventListener("abort", abort, { once: true });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(0, MAX_OUTPUT_CHARACTERS);
  });
  const ended = await new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (status, by) => resolve(status === 0 ? "" : (by ?? `status ${status}`)));
  });
  signal.removeEventListener("abort", abort);
  if (signal.aborted) throw abortError(signal);
  if (ended === "") return;
  throw new ConsoleError(
    `a sandbox cannot be made on this machine (${ended}): ${printable(said.trim(), 400)}; bubblewrap and Chromium need user namespaces that users may make (sysctl kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns), and users of [browser]uid_range must be valid here`,
  );
}

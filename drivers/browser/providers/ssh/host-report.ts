/** What an auxiliary host has and lacks, as the script's `check` tells it. */
import { printable } from "../../../../common/printable.ts";
import { ConsoleError } from "../../../base.ts";
import { CHROMIUM_PROGRAMS } from "../../sandbox/session-script.ts";

/** Debian package: programs of which one has to be there. */
export const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  bubblewrap: ["bwrap"],
  "tigervnc-standalone-server": ["Xvnc"],
  openbox: ["openbox"],
  socat: ["socat"],
  xauth: ["xauth"],
  chromium: CHROMIUM_PROGRAMS,
  "fonts-dejavu-core": ["/usr/share/fonts/*/*/*.ttf", "/usr/share/fonts/*/*.ttf"],
  "util-linux": ["setpriv"],
};
const ROOT_PACKAGES: Readonly<Record<string, readonly string[]>> = { passwd: ["useradd"] };
/** For sessions of old boards only. */
export const JAVA_PACKAGES: Readonly<Record<string, readonly string[]>> = {
  "icedtea-netx": ["javaws"],
};

export interface HostReport {
  readonly isRoot: boolean;
  readonly home: string;
  /** As /proc/self/status lists them. */
  readonly cpus: string;
  readonly hasApt: boolean;
  /** Debian packages. */
  readonly missing: readonly string[];
  readonly missingForJava: readonly string[];
  /** Why bubblewrap does not work there. */
  readonly sandboxProblem: string | undefined;
}

/** Arguments of `check`: `package:program,program` each. */
export function wantedPrograms(admin: boolean): string[] {
  return Object.entries({ ...PACKAGES, ...(admin ? ROOT_PACKAGES : {}), ...JAVA_PACKAGES }).map(
    ([name, programs]) => `${name}:${programs.join(",")}`,
  );
}

/** @throws {ConsoleError} when the answer is not whole */
export function parseReport(hostName: string, text: string): HostReport {
  const lines = text.split("\n").map((line) => line.split("\t"));
  const value = (key: string): string | undefined => lines.find(([first]) => first === key)?.[1];
  const home = value("home");
  if (!lines.some(([first]) => first === "done") || home === undefined)
    throw new ConsoleError(
      `auxiliary host ${hostName} answers the check with "${printable(text)}": the login's shell has to be a POSIX one that says nothing of its own`,
    );
  const missing = lines.flatMap(([first, name]) => (first === "missing" && name ? name : []));
  const problem = value("sandbox");
  return {
    isRoot: value("user") === "0",
    home,
    cpus: value("cpus") ?? "",
    hasApt: value("debian") !== undefined || lines.some(([first]) => first === "debian"),
    missing: missing.filter((name) => !(name in JAVA_PACKAGES)),
    missingForJava: missing.filter((name) => name in JAVA_PACKAGES),
    sandboxProblem: problem === undefined ? undefined : printable(problem),
  };
}

/** @throws {ConsoleError} saying what to install or to allow */
export function requireUsable(hostName: string, report: HostReport): void {
  if (report.missing.length > 0)
    throw new ConsoleError(
      `auxiliary host ${hostName} lacks ${report.missing.join(", ")}: run "apt-get install ${report.missing.join(" ")}" there, or set [browser]ssh_install with root or ssh_sudo`,
    );
  if (report.sandboxProblem !== undefined)
    throw new ConsoleError(
      `bubblewrap does not work on auxiliary host ${hostName}: ${report.sandboxProblem}; it needs unprivileged user namespaces there (see docs/browser-ssh.md)`,
    );
}

/**
 * The arguments of bubblewrap for a session: namespaces of its own for everything, no network, nothing of
 * the host but programs, fonts and authorities, all read-only. What the session writes is in memory and
 * vanishes with it, unless a folder is given for its RFB socket.
 */
import { POLICY_FOLDER } from "./policies.ts";
import { EGRESS_SOCKET } from "./session-script.ts";

/** The session folder, seen from inside. */
export const INSIDE = "/session";
/** Where shared files are, seen from inside. */
export const MEDIA = `${INSIDE}/media`;
export const SCRIPT_INSIDE = "/session.sh";

/** Bounds of what it may write, which is memory. */
const HOME_BYTES = 256 * 1024 * 1024;
const TEMPORARY_BYTES = 64 * 1024 * 1024;
const SHARED_MEMORY_BYTES = 512 * 1024 * 1024;

/** Programs look here for what is no secret; what is not there is left out. */
const ETC = ["fonts", "ssl", "alternatives", "ca-certificates", "pki", "crypto-policies"];
const ETC_JAVA = [
  "icedtea-web",
  "java",
  ...[11, 17, 21, 25].map((version) => `java-${version}-openjdk`),
];

export interface SandboxPaths {
  /** On the host, absolute. */
  readonly script: string;
  /** File of policies. */
  readonly policies: string;
  /** Unix socket that is the only way out. */
  readonly egress: string;
  /** Folder that {@link JNLP_FILE} will be put into; only with Java. */
  readonly inbox?: string;
  /**
   * Folder of the session's user for the RFB socket, where it is reached by a path; without it the socket
   * is seen through /proc of the sandbox's processes only, and the session can write to no disk.
   */
  readonly run?: string;
}

export interface SandboxOptions {
  readonly paths: SandboxPaths;
  /** Each at its name below {@link MEDIA}. */
  readonly files: readonly { readonly path: string; readonly name: string }[];
  /**
   * `root`: bubblewrap is started by root, makes the mounts with its rights and gives them all up for this
   * user and group. Null: it is started by a user, in a user namespace.
   */
  readonly throwAwayUser: number | null;
  /** bubblewrap writes there how its first process is called. */
  readonly infoDescriptor?: number;
}

/** @param command what to run inside, as an argument array */
export function bubblewrapArguments(options: SandboxOptions, command: readonly string[]): string[] {
  const { throwAwayUser } = options;
  return [
    ...namespaces(throwAwayUser),
    ...(options.infoDescriptor === undefined ? [] : ["--info-fd", String(options.infoDescriptor)]),
    ...system(),
    ...own(options),
    "--clearenv",
    "--setenv",
    "PATH",
    "/usr/bin:/bin",
    "--chdir",
    "/",
    "--",
    ...(throwAwayUser === null ? [] : becoming(throwAwayUser)),
    ...command,
  ];
}

function namespaces(throwAwayUser: number | null): string[] {
  const rights = ["CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"].flatMap((one) => ["--cap-add", one]);
  return [
    "--unshare-pid",
    "--unshare-net",
    "--unshare-ipc",
    "--unshare-uts",
    "--unshare-cgroup-try",
    "--hostname",
    "console",
    "--die-with-parent",
    "--new-session",
    "--cap-drop",
    "ALL",
    ...(throwAwayUser === null ? ["--unshare-user"] : rights),
  ];
}

/** FACT(setpriv(1)): no-new-privs and the bounding set make it a way without return. */
function becoming(user: number): string[] {
  return [
    "setpriv",
    `--reuid=${user}`,
    `--regid=${user}`,
    "--clear-groups",
    "--no-new-privs",
    "--bounding-set=-all",
    "--inh-caps=-all",
    "--",
  ];
}

function system(): string[] {
  return [
    "--ro-bind",
    "/usr",
    "/usr",
    ...["lib", "lib64", "bin", "sbin"].flatMap((one) => ["--symlink", `usr/${one}`, `/${one}`]),
    ...folders("/etc"),
    ...[...ETC, ...ETC_JAVA].flatMap((one) => ["--ro-bind-try", `/etc/${one}`, `/etc/${one}`]),
    "--proc",
    "/proc",
    "--dev",
    "/dev",
    ...writable("/dev/shm", SHARED_MEMORY_BYTES),
    ...writable("/tmp", TEMPORARY_BYTES),
    "--perms",
    "1777",
    "--dir",
    "/tmp/.X11-unix",
  ];
}

/** FACT(bubblewrap 0.8): --perms and --size count for the next operation only. */
function writable(path: string, bytes: number): string[] {
  return ["--perms", "1777", "--size", String(bytes), "--tmpfs", path];
}

/** FACT(bubblewrap 0.8, tried): folders that it makes by itself are root's alone. */
function folders(...paths: string[]): string[] {
  return paths.flatMap((path) => ["--perms", "0755", "--dir", path]);
}

function own({ paths, files }: SandboxOptions): string[] {
  return [
    ...writable(INSIDE, HOME_BYTES),
    "--ro-bind",
    paths.egress,
    `${INSIDE}/${EGRESS_SOCKET}`,
    ...(paths.inbox === undefined ? [] : ["--ro-bind", paths.inbox, `${INSIDE}/inbox`]),
    ...(paths.run === undefined ? [] : ["--bind", paths.run, `${INSIDE}/run`]),
    ...(files.length === 0 ? [] : folders(MEDIA)),
    ...files.flatMap(({ path, name }) => ["--ro-bind", path, `${MEDIA}/${name}`]),
    ...folders("/etc/chromium", "/etc/chromium/policies", POLICY_FOLDER),
    "--ro-bind",
    paths.policies,
    `${POLICY_FOLDER}/session.json`,
    "--ro-bind",
    paths.script,
    SCRIPT_INSIDE,
  ];
}

/**
 * What a session's container is made of, as the engine's API wants it (ContainerCreate). The container is
 * the sandbox: no network at all, no rights, nothing writable but memory and the folder of its RFB socket.
 */
import { INSIDE, MEDIA, SCRIPT_INSIDE } from "../../sandbox/bubblewrap.ts";
import { SESSION_PROCESSES } from "../../sandbox/limits.ts";
import { POLICY_FOLDER } from "../../sandbox/policies.ts";
import { EGRESS_SOCKET } from "../../sandbox/session-script.ts";
import type { SharedFile } from "../provider.ts";
import type { EngineFacts } from "./engine-facts.ts";

export const CONDUCTOR_LABEL = "baremetal-console.conductor";
export const SESSION_LABEL = "baremetal-console.session";

const MEBIBYTE = 1024 * 1024;
const HOME_MEBIBYTES = 256;
const TEMPORARY_MEBIBYTES = 64;
const SHARED_MEMORY_BYTES = 512 * MEBIBYTE;
const OPEN_FILES = 4096;
/** We end a session at its limit, with a word; the kernel kills what it likes above this, without. */
const HARD_LIMIT_FACTOR = 1.5;

export interface ContainerSite {
  readonly image: string;
  /** Read-only, `[from, to]`. */
  readonly volumes: readonly (readonly [string, string])[];
  /** A profile of our own; undefined for the engine's. */
  readonly seccomp: { readonly path: string; readonly text: string } | undefined;
  /** `label=…` and `apparmor=…`. */
  readonly securityOptions: readonly string[];
  readonly memoryBytes: number;
  readonly cpus: number;
}

export interface ContainerFiles {
  readonly script: string;
  readonly policies: string;
  readonly egress: string;
  /** Folder of the container's user. */
  readonly run: string;
  readonly inbox?: string;
}

export interface ContainerWish {
  readonly conductor: string;
  readonly id: string;
  /** Number of the user and group that it runs as. */
  readonly user: number;
  readonly files: ContainerFiles;
  readonly shared: readonly SharedFile[];
  /** Arguments of `/bin/sh`. */
  readonly command: readonly string[];
}

/**
 * The first process waits for the session's and takes the others with it when it ends, as the kernel does
 * with whatever a first process leaves. FACT(pid_namespaces(7)): a first process cannot be killed from
 * inside, which the session's script wants to do with itself.
 */
export const FIRST_PROCESS = ["-c", '/bin/sh "$@"; exit $?', "session"];

export function containerSpec(
  site: ContainerSite,
  facts: EngineFacts,
  wish: ContainerWish,
): object {
  return {
    Image: site.image,
    Entrypoint: ["/bin/sh"],
    Cmd: [...FIRST_PROCESS, ...wish.command],
    User: `${wish.user}:${wish.user}`,
    Env: ["PATH=/usr/bin:/bin"],
    WorkingDir: "/",
    Hostname: "console",
    Labels: {
      [CONDUCTOR_LABEL]: wish.conductor,
      [SESSION_LABEL]: wish.id,
    },
    Tty: false,
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    NetworkDisabled: true,
    HostConfig: hostConfig(site, facts, wish),
  };
}

function hostConfig(site: ContainerSite, facts: EngineFacts, wish: ContainerWish): object {
  const hardLimit = Math.round(site.memoryBytes * HARD_LIMIT_FACTOR);
  return {
    NetworkMode: "none",
    IpcMode: "private",
    UsernsMode: facts.isRootless ? "keep-id" : "host",
    AutoRemove: true,
    RestartPolicy: { Name: "no" },
    // What it writes on its standard output is DevTools messages: pages and cookies.
    LogConfig: { Type: "none", Config: {} },
    Init: false,
    Privileged: false,
    ReadonlyRootfs: true,
    Mounts: mountsOf(site, wish),
    Tmpfs: {
      [INSIDE]: `rw,nosuid,nodev,mode=1777,size=${HOME_MEBIBYTES}m`,
      "/tmp": `rw,nosuid,nodev,noexec,mode=1777,size=${TEMPORARY_MEBIBYTES}m`,
    },
    ShmSize: SHARED_MEMORY_BYTES,
    CapDrop: ["ALL"],
    // FACT(Podman 4.3, tried): its own seccomp profile allows chroot, which Chromium's sandbox does in a
    // user namespace of its own, only to containers that have this.
    CapAdd: site.seccomp ? [] : ["SYS_CHROOT"],
    SecurityOpt: ["no-new-privileges", ...seccompOption(site, facts), ...site.securityOptions],
    Memory: hardLimit,
    MemorySwap: hardLimit,
    NanoCpus: Math.min(site.cpus, facts.cpus) * 1e9,
    PidsLimit: SESSION_PROCESSES,
    Ulimits: [
      { Name: "nofile", Soft: OPEN_FILES, Hard: OPEN_FILES },
      { Name: "nproc", Soft: SESSION_PROCESSES, Hard: SESSION_PROCESSES },
      { Name: "core", Soft: 0, Hard: 0 },
    ],
  };
}

/** FACT(Docker 20, Podman 4.3, tried): Docker wants the profile's text, Podman a path of its own machine. */
function seccompOption({ seccomp }: ContainerSite, { isPodman }: EngineFacts): string[] {
  if (!seccomp) return [];
  return [`seccomp=${isPodman ? seccomp.path : seccomp.text}`];
}

/**
 * Where a shared file is inside.
 * FACT(Podman 4.3, tried): it makes a line of comma-separated values of each mount and does not quote them.
 */
export function sharedPath(name: string): string {
  return `${MEDIA}/${name.replaceAll(/[,"\\]/g, "_")}`;
}

/** FACT(ContainerCreate): unlike Binds, paths here may hold colons, and a source that is not there is an error. */
function mountsOf({ volumes }: ContainerSite, { files, shared }: ContainerWish): object[] {
  const readOnly: (readonly [string, string])[] = [
    ...volumes,
    [files.script, SCRIPT_INSIDE],
    [files.policies, `${POLICY_FOLDER}/session.json`],
    [files.egress, `${INSIDE}/${EGRESS_SOCKET}`],
    ...(files.inbox === undefined ? [] : [[files.inbox, `${INSIDE}/inbox`] as const]),
    ...shared.map(({ path, name }) => [path, sharedPath(name)] as const),
  ];
  const mount = (Source: string, Target: string, ReadOnly: boolean): object => ({
    Type: "bind",
    Source,
    Target,
    ReadOnly,
  });
  return [
    ...readOnly.map(([from, to]) => mount(from, to, true)),
    mount(files.run, `${INSIDE}/run`, false),
  ];
}

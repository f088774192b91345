/**
 * The processes of browser sandboxes as the kernel sees them: found below a service's own, and remembered by
 * number, time of birth and process namespace, so that those that outlive the service are seen, too.
 */
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";

export interface RunningProgram {
  readonly pid: number;
  readonly parent: number;
  readonly program: string;
  readonly uid: number;
  /** In clock ticks after the boot. */
  readonly startTicks: number;
  /** Its process namespace; "" where that may not be read. */
  readonly namespace: string;
}

/** All that runs on this machine; zombies are over. */
export function runningPrograms(): RunningProgram[] {
  return readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? read(name) : []));
}

/** @param roots not among the answers */
export function descendantsOf(roots: readonly number[]): RunningProgram[] {
  const all = runningPrograms();
  const found = new Map<number, RunningProgram>();
  const parents = new Set(roots);
  for (let before = -1; before !== found.size;) {
    before = found.size;
    for (const one of all) {
      if (!parents.has(one.parent)) continue;
      parents.add(one.pid);
      found.set(one.pid, one);
    }
  }
  return [...found.values()];
}

export class SandboxWatch {
  readonly #known = new Set<string>();
  readonly #namespaces = new Set<string>();

  remember(programs: readonly RunningProgram[]): void {
    const ours = namespaceOf("self");
    for (const one of programs) {
      this.#known.add(keyOf(one));
      if (one.namespace !== "" && one.namespace !== ours) this.#namespaces.add(placeOf(one));
    }
  }

  /** Those of the remembered ones that still run, and whoever else is in their namespaces. */
  alive(): RunningProgram[] {
    if (this.#known.size === 0) return [];
    return runningPrograms().filter(
      (one) => this.#known.has(keyOf(one)) || this.#namespaces.has(placeOf(one)),
    );
  }

  /** For the end of a failed test. */
  killAll(): void {
    for (const one of this.alive())
      try {
        process.kill(one.pid, "SIGKILL");
      } catch {
        /* gone in between */
      }
  }
}

function keyOf({ pid, startTicks }: RunningProgram): string {
  return `${pid} ${startTicks}`;
}

/** The kernel gives a namespace's number away again; the user makes it ours. */
function placeOf({ namespace, uid }: RunningProgram): string {
  return `${namespace} ${uid}`;
}

function read(pid: string): RunningProgram[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const end = stat.lastIndexOf(")");
    const program = stat.slice(stat.indexOf("(") + 1, end);
    const fields = stat.slice(end + 2).split(" ");
    if (fields[0] === "Z") return [];
    const { uid } = statSync(`/proc/${pid}`);
    const startTicks = Number(fields[19]);
    const parent = Number(fields[1]);
    return [{ pid: Number(pid), parent, program, uid, startTicks, namespace: namespaceOf(pid) }];
  } catch {
    return []; // gone meanwhile
  }
}

function namespaceOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return "";
  }
}

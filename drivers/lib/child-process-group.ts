/**
 * Programs that outlive the conductor and are found again by a later one: who a process is, what it was
 * started with, which processes belong to it, and how all of them are ended. Linux only, by /proc.
 *
 * Never signals a process by its number alone: numbers are given out again.
 */
import { existsSync, readFileSync, readdirSync, readlinkSync, statSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

/** Tells a process from a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks between boot and its start. */
  readonly startTicks: number;
  readonly bootId: string;
}

interface Stat {
  readonly state: string;
  readonly group: number;
  readonly startTicks: number;
}

/** FACT(proc_pid_stat(5)): USER_HZ, 100 on every Linux that Node.js runs on. */
const TICKS_PER_SECOND = 100;
/** Processes looked at before others get a turn. */
const AT_ONCE = 200;

/** @returns undefined when there is no such process, or only its remains (a zombie) */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const stat = statOf(pid);
  const bootId = readText("/proc/sys/kernel/random/boot_id")?.trim();
  if (!stat || stat.state === "Z" || bootId === undefined) return undefined;
  return { pid, startTicks: stat.startTicks, bootId };
}

/** True while exactly this process runs. */
export function isRunning({ pid, startTicks, bootId }: ProcessIdentity): boolean {
  const now = identityOf(pid);
  return now?.startTicks === startTicks && now.bootId === bootId;
}

/** @returns how long the process has been running, in seconds; undefined when it is gone */
export function ageSeconds(pid: number): number | undefined {
  const uptime = Number.parseFloat(readText("/proc/uptime") ?? "");
  const identity = identityOf(pid);
  return identity && uptime - identity.startTicks / TICKS_PER_SECOND;
}

/** What it was started with, program first; undefined when that cannot be read. */
export function argumentsOf(pid: number): string[] | undefined {
  return readText(`/proc/${pid}/cmdline`)?.split("\0").slice(0, -1);
}

/** Its environment at its start, `NAME=value` each; undefined when that cannot be read. */
export function environmentOf(pid: number): string[] | undefined {
  return readText(`/proc/${pid}/environ`)?.split("\0").slice(0, -1);
}

/** What stands in the file that it has open as this descriptor; undefined when that cannot be read. */
export function openFileOf(pid: number, descriptor: number): string | undefined {
  return readText(`/proc/${pid}/fd/${descriptor}`);
}

/** Inode numbers of its sockets. */
export function socketsOf(pid: number): Set<string> {
  const inodes = new Set<string>();
  for (const name of readFolder(`/proc/${pid}/fd`)) {
    const inode = /^socket:\[(\d+)\]$/.exec(readLink(`/proc/${pid}/fd/${name}`) ?? "")?.[1];
    if (inode !== undefined) inodes.add(inode);
  }
  return inodes;
}

/** Its children, their children and so on, with the name of the program each runs. */
export async function descendantsOf(pid: number): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  const queue = [pid];
  for (let parent = queue.pop(); parent !== undefined; parent = queue.pop())
    for (const child of childrenOf(parent) ?? (await childrenByScan(parent))) {
      if (found.has(child)) continue;
      found.set(child, readText(`/proc/${child}/comm`)?.trim() ?? "");
      queue.push(child);
    }
  return found;
}

/**
 * The groups of all living processes of ours of which an argument contains `mark`, run from `folder`. Where
 * that may not be read (another user namespace, as systemd's PrivateUsers makes one), the mark has to do.
 * Anybody on the machine can start a program with such an argument; it is none of ours.
 */
export async function groupsMarked(mark: string, folder: string): Promise<Set<number>> {
  const groups = new Set<number>();
  for (const [pid, stat] of await everyProcess()) {
    const marked = argumentsOf(pid)?.some((argument) => argument.includes(mark)) ?? false;
    if (!marked || userOf(pid) !== process.geteuid?.()) continue;
    if ((readLink(`/proc/${pid}/cwd`) ?? folder) === folder) groups.add(stat.group);
  }
  return groups;
}

/**
 * Ends all processes of a group: TERM, and after the time-out KILL. Resolves when none runs any more.
 * @param group its number; the caller has made sure that it is the one that is meant
 * @throws {Error} when one survives even that, as a process does that waits for a dead disk
 */
export async function endGroup(group: number, killTimeoutMs: number): Promise<void> {
  if (!signalGroup(group, "SIGTERM")) return;
  if (await goneWithin(group, killTimeoutMs)) return;
  signalGroup(group, "SIGKILL");
  if (await goneWithin(group, killTimeoutMs + 1000)) return;
  throw new Error(`the processes of group ${group} do not end`);
}

async function goneWithin(group: number, limitMs: number): Promise<boolean> {
  const end = performance.now() + limitMs;
  for (let waitMs = 2; ; waitMs = Math.min(waitMs * 2, 100)) {
    if (!signalGroup(group, 0) || (waitMs >= 8 && (await livingMembers(group)) === 0)) return true;
    if (performance.now() > end) return (await livingMembers(group)) === 0;
    await pause(waitMs);
  }
}

/** Where nobody collects the remains of orphans (a container without init), a group never vanishes. */
async function livingMembers(group: number): Promise<number> {
  let count = 0;
  for (const [, stat] of await everyProcess()) if (stat.group === group) count += 1;
  return count;
}

/** @returns false when the group has no process */
function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  if (!Number.isSafeInteger(group) || group <= 1) throw new Error(`no process group: ${group}`);
  try {
    process.kill(-group, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}

/** Zombies left out. */
async function everyProcess(): Promise<Map<number, Stat>> {
  const found = new Map<number, Stat>();
  let looked = 0;
  for (const name of readFolder("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = statOf(Number(name));
    if (stat && stat.state !== "Z") found.set(Number(name), stat);
    if ((looked += 1) % AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return found;
}

/** @returns undefined where the kernel was built without it (CONFIG_PROC_CHILDREN) */
function childrenOf(pid: number): number[] | undefined {
  const file = `/proc/${pid}/task/${pid}/children`;
  const text = readText(file);
  if (text === undefined) return existsSync(`/proc/${pid}`) ? undefined : [];
  return text.split(" ").filter(Boolean).map(Number);
}

async function childrenByScan(parent: number): Promise<number[]> {
  const pids = [...(await everyProcess()).keys()];
  return pids.filter((pid) => Number(fieldsOf(pid)?.[1]) === parent);
}

function statOf(pid: number): Stat | undefined {
  const fields = fieldsOf(pid);
  if (!fields) return undefined;
  return { state: fields[0] ?? "", group: Number(fields[2]), startTicks: Number(fields[19]) };
}

/** FACT(proc_pid_stat(5)): from field 3 on; the name in field 2 may hold blanks and parentheses. */
function fieldsOf(pid: number): string[] | undefined {
  const text = readText(`/proc/${pid}/stat`);
  return text?.slice(text.lastIndexOf(")") + 2).split(" ");
}

/** FACT(Linux fs/proc/base.c, task_dump_owner): the folder has the effective user, dumpable or not. */
function userOf(pid: number): number | undefined {
  return statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid;
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function readFolder(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

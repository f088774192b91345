/** CPU and memory of a whole process tree, from /proc (proc_pid_stat(5)), also of children that ended. */
import { readFileSync, readdirSync } from "node:fs";

/** USER_HZ, fixed at 100 by the Linux ABI. */
const TICKS_PER_SECOND = 100;

export interface TreeUsage {
  /** Seconds of CPU, user and system, of the tree and of its children that were reaped. */
  readonly cpuSeconds: number;
  readonly rssBytes: number;
  /** Proportional set size: memory shared by forked children counts once. */
  readonly pssBytes: number;
  readonly processes: number;
}

interface Stat {
  readonly parent: number;
  readonly ticks: number;
  /** Of that, of children that ended and were waited for. */
  readonly reapedTicks: number;
}

export function treeUsage(root: number, options: { readonly memory?: boolean } = {}): TreeUsage {
  const stats = readAllStats();
  const tree = treeIn(stats, root);
  let ticks = 0;
  for (const pid of tree) ticks += stats.get(pid)?.ticks ?? 0;
  const memory = options.memory ? memoryOf(tree) : { rssBytes: 0, pssBytes: 0 };
  return { cpuSeconds: ticks / TICKS_PER_SECOND, ...memory, processes: tree.length };
}

/** A process and all that it and its children started. */
export function treeOf(root: number): number[] {
  return treeIn(readAllStats(), root);
}

/** @returns seconds of CPU of the children of these processes that ended and were waited for */
export function reapedSeconds(pids: readonly number[]): number {
  const stats = readAllStats();
  return pids.reduce((sum, pid) => sum + (stats.get(pid)?.reapedTicks ?? 0), 0) / TICKS_PER_SECOND;
}

export function memoryOf(pids: readonly number[]): Pick<TreeUsage, "rssBytes" | "pssBytes"> {
  let rssBytes = 0;
  let pssBytes = 0;
  for (const pid of pids) {
    rssBytes += rollup(pid, "Rss");
    pssBytes += rollup(pid, "Pss");
  }
  return { rssBytes, pssBytes };
}

function treeIn(stats: ReadonlyMap<number, Stat>, root: number): number[] {
  const tree = [root];
  for (let i = 0; i < tree.length; i++)
    for (const [pid, stat] of stats) if (stat.parent === tree[i]) tree.push(pid);
  return tree;
}

function readAllStats(): Map<number, Stat> {
  const stats = new Map<number, Stat>();
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const text = readIfThere(`/proc/${entry}/stat`);
    if (text === undefined) continue;
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    /* after the name: 1 ppid; 11 utime, 12 stime, 13 cutime, 14 cstime */
    const sum = (...places: number[]): number =>
      places.reduce((total, at) => total + Number(fields[at]), 0);
    stats.set(Number(entry), {
      parent: Number(fields[1]),
      ticks: sum(11, 12, 13, 14),
      reapedTicks: sum(13, 14),
    });
  }
  return stats;
}

function rollup(pid: number, field: "Rss" | "Pss"): number {
  const text = readIfThere(`/proc/${pid}/smaps_rollup`) ?? "";
  const kib = new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(text)?.[1];
  return Number(kib ?? 0) * 1024;
}

/** Processes come and go while we look. */
function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

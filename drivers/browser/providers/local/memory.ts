/**
 * How much memory a session's processes use, and the end of a session that uses more than it may. By /proc,
 * so that it works where no cgroup can be made.
 */
import { readFile } from "node:fs/promises";
import { descendantsOf } from "../../../lib/child-process-group.ts";

const CHECK_MS = 3000;
/** FACT(Linux): statm counts in pages; 4 KiB where Chromium runs. */
const PAGE_BYTES = 4096;

/**
 * Proportional memory (Pss, proc_pid_smaps(5)) of a process and all below it: memory that two of them share
 * is counted once.
 * @returns null when there is no such process or nothing may be read
 */
export async function memoryOf(pid: number): Promise<number | null> {
  const pids = [pid, ...(await descendantsOf(pid)).keys()];
  let sum: number | null = null;
  for (const one of pids) {
    const bytes = await proportional(one);
    if (bytes !== undefined) sum = (sum ?? 0) + bytes;
  }
  return sum;
}

async function proportional(pid: number): Promise<number | undefined> {
  const rollup = await read(`/proc/${pid}/smaps_rollup`);
  const kibibytes = /^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1];
  if (kibibytes !== undefined) return Number(kibibytes) * 1024;
  const [, resident, shared] = (await read(`/proc/${pid}/statm`)).split(" ").map(Number);
  if (resident === undefined || shared === undefined) return undefined;
  return (resident - shared) * PAGE_BYTES;
}

function read(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => "");
}

/**
 * Looks every few seconds.
 * @param onLimit called once, with what was seen
 * @returns ends the watch
 */
export function watchMemory(
  pid: number,
  limitBytes: number,
  onLimit: (bytes: number) => void,
): () => void {
  let ended = false;
  let timer: NodeJS.Timeout;
  const look = async (): Promise<void> => {
    const bytes = await memoryOf(pid);
    if (ended) return;
    if (bytes !== null && bytes > limitBytes) onLimit(bytes);
    else timer = setTimeout(() => void look(), CHECK_MS);
  };
  timer = setTimeout(() => void look(), CHECK_MS);
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}

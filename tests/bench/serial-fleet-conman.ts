/**
 * The same consoles held by conman, which starts an ipmitool in a pseudo-terminal for each and has no
 * service around it: no API, no database, no take-over, and no try of the BMC before a console counts.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { identityOf, isRunning } from "../../drivers/lib/child-process-group.ts";
import type { IpmiBmc } from "../helpers/ipmi-bmc.ts";
import type { CpuClock } from "./cpu-clock.ts";
import type { Endings } from "./endings.ts";
import { memoryOf, treeOf } from "./process-tree.ts";
import { SerialClient } from "./serial-client.ts";
import type { SerialFigures } from "./serial-figures.ts";
import { IDLE_WATCH_MILLISECONDS, SETTLE_MILLISECONDS } from "./serial-fleet.ts";
import { startConman } from "./serial-peers.ts";

const SAMPLES = 5;
const GONE_MILLISECONDS = 3000;

export async function measureConmanFleet(
  bmcs: readonly IpmiBmc[],
  clock: CpuClock,
  figures: SerialFigures,
  endings: Endings,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "bmcon-bench-"));
  endings.add("conman's folder", () => rmSync(folder, { recursive: true, force: true }));
  const keep = (title: string, unit: string, figure: number): void =>
    figures.keep(`${bmcs.length} consoles: ${title}`, unit, "conman", figure);
  const conman = await startConman(folder, devices(folder, bmcs), endings);
  const { pid, port } = conman;
  noteAll(figures);
  const children = new Set<number>();
  try {
    await pause(SETTLE_MILLISECONDS);
    keep("enable, all of that", "CPU-s", clock.read(pid) / 1000);
    await prove(port, bmcs.length);
    const tree = treeOf(pid);
    for (const child of tree.slice(1)) children.add(child);
    keep("processes of one idle console", "processes", (tree.length - 1) / bmcs.length);
    keep("memory of one, all of that", "KiB", memoryOf(tree).pssBytes / 1024 / bmcs.length);
    const before = clock.read(pid);
    await pause(IDLE_WATCH_MILLISECONDS);
    keep(
      "idle, all of that",
      "CPU-ms/s",
      ((clock.read(pid) - before) * 1000) / IDLE_WATCH_MILLISECONDS,
    );
  } finally {
    await stopWhole(() => conman.stop(), children);
  }
}

function devices(folder: string, bmcs: readonly IpmiBmc[]): Record<string, string> {
  const file = join(folder, "password");
  writeFileSync(file, `${bmcs[0]?.password ?? ""}\n`, { mode: 0o600 });
  return Object.fromEntries(
    bmcs.map(({ host, port }, at) => [
      `line${at}`,
      `/usr/bin/ipmitool -I lanplus -H ${host} -p ${port} -U admin -f ${file} -C 3 sol activate`,
    ]),
  );
}

function noteAll(figures: SerialFigures): void {
  figures.note(
    "conman runs an ipmitool in a pseudo-terminal for each console and has no API, no database and no try of the BMC first; its time is that of the first five seconds. When its lines are up is not measured: it cannot tell.",
  );
  figures.note(
    "An ipmitool that conman starts reads the list of all enterprise numbers, about 4 MiB; ours is spared that.",
  );
}

/** That some of its lines carry keys. @throws {Error} when one does not */
async function prove(port: number, count: number): Promise<void> {
  for (let at = 0; at < SAMPLES; at++) {
    const name = `line${Math.floor((at * (count - 1)) / (SAMPLES - 1))}`;
    const client = await SerialClient.byConman(port, name);
    await client.wake().finally(() => client.leave());
  }
}

/** An ipmitool that outlives its conmand is ended, too. */
async function stopWhole(stop: () => Promise<void>, children: ReadonlySet<number>): Promise<void> {
  const known = [...children].flatMap((pid) => identityOf(pid) ?? []);
  await stop();
  const deadline = performance.now() + GONE_MILLISECONDS;
  while (known.some((one) => isRunning(one)) && performance.now() < deadline) await pause(50);
  for (const one of known) if (isRunning(one)) process.kill(one.pid, "SIGKILL");
}

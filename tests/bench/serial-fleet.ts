/**
 * Many serial consoles of one service, by its real API: how long it takes to enable them all at once,
 * until every line is connected and until all is off again, what that takes of the processor, and how much
 * memory an enabled console is that nobody watches.
 */
import { consoleFiles } from "../../drivers/ipmitool-socat/console-files.ts";
import { readNote } from "../../drivers/ipmitool-socat/note.ts";
import type { IpmiBmc } from "../helpers/ipmi-bmc.ts";
import type { CpuClock } from "./cpu-clock.ts";
import { memoryOf, treeOf } from "./process-tree.ts";
import type { SerialFigures } from "./serial-figures.ts";
import { leftFiles, uuidsIn, type FleetServices } from "./serial-services.ts";

const PATIENCE_MILLISECONDS = 180_000;
const POLL_MILLISECONDS = 200;
/** Until what the enabling needed is given back. */
export const SETTLE_MILLISECONDS = 5000;
/** Longer than the fifteen seconds after which ipmitool shows its BMC that it is there. */
export const IDLE_WATCH_MILLISECONDS = 16_000;
const KIB = 1024;

/** So that what a service needs once is not counted for the first consoles. */
export async function warmUp(services: FleetServices, bmcs: readonly IpmiBmc[]): Promise<void> {
  const nodes = await services.createNodes(bmcs);
  for (const enabled of [true, false]) {
    await services.switchAll(nodes, enabled);
    await services.untilSwitched(nodes, enabled, PATIENCE_MILLISECONDS);
    if (enabled) await untilConnected(services, nodes.length);
  }
  await services.deleteNodes(nodes);
  await pause(SETTLE_MILLISECONDS);
}

/**
 * Enables as many consoles as there are BMCs, looks at them, and disables them.
 * @param smaller what an earlier run with fewer found: what the services grow by is told from there
 */
export async function measureFleet(
  services: FleetServices,
  bmcs: readonly IpmiBmc[],
  clock: CpuClock,
  figures: SerialFigures,
  smaller?: FleetState,
): Promise<FleetState> {
  const many = `${bmcs.length} consoles`;
  const keep = (title: string, unit: string, figure: number): void =>
    figures.keep(`${many}: ${title}`, unit, "ours", figure);
  const nodes = await services.createNodes(bmcs);

  const cpuBefore = servicesCpu(services, clock);
  const begin = performance.now();
  const refused = await services.switchAll(nodes, true);
  keep("until all wishes are accepted", "s", since(begin));
  const failures = await services.untilSwitched(nodes, true, PATIENCE_MILLISECONDS);
  keep("until all are enabled", "s", since(begin));
  const connected = await untilConnected(services, nodes.length - failures.length);
  keep("until all lines are connected", "s", since(begin));
  const cpu = servicesCpu(services, clock);
  const took = (name: keyof Cpu): number => (cpu[name] - cpuBefore[name]) / 1000;
  keep("enable, conductor itself", "CPU-s", took("conductor"));
  keep("enable, its socats and ipmitools", "CPU-s", took("tree") - took("conductor"));
  keep("enable, novncproxy", "CPU-s", took("proxy"));
  keep("enable, all of that", "CPU-s", took("tree") + took("proxy"));
  const unconnected = nodes.length - failures.length - connected;
  if (refused > 0) figures.note(`${many}: ${refused} wishes were answered 503 and sent again.`);
  if (unconnected > 0) figures.note(`${many}: ${unconnected} lines did not connect.`);
  for (const text of new Set(failures)) figures.note(`${many}: a console failed with: ${text}`);

  await pause(SETTLE_MILLISECONDS);
  const enabled = nodes.length - failures.length;
  const state = { consoles: enabled, memory: servicesMemory(services) };
  figures.note(
    `Idle consoles: machines that have printed nothing yet; [console]replay_bytes for each comes on top as they print. PSS of socat and ipmitool, and what the RSS of the services grows by from the smaller number to the larger.`,
  );
  keepMemory(services, state, smaller, keep);
  await keepIdleCpu(services, clock, keep);

  const beginOff = performance.now();
  await services.switchAll(nodes, false);
  const stuck = await services.untilSwitched(nodes, false, PATIENCE_MILLISECONDS);
  keep("until all are disabled", "s", since(beginOff));
  const left = leftFiles(services.consoleFolder).length;
  for (const text of new Set(stuck)) figures.note(`${many}: one was not disabled: ${text}`);
  if (left > 0) figures.note(`${many}: ${left} files were left behind.`);
  const wrong = failures.length + unconnected + stuck.length + left;
  keep("not enabled, not connected, not disabled, files left", "in all", wrong);
  await services.deleteNodes(nodes);
  return state;
}

type Keep = (title: string, unit: string, figure: number) => void;
type Memory = ReturnType<typeof memoryOf>;

/** What the services were like with so many consoles enabled and nobody watching. */
export interface FleetState {
  readonly consoles: number;
  readonly memory: { readonly conductor: Memory; readonly proxy: Memory };
}

function keepMemory(
  services: FleetServices,
  { consoles, memory }: FleetState,
  smaller: FleetState | undefined,
  keep: Keep,
): void {
  const each = (bytes: number): number => bytes / KIB / consoles;
  const children = consoleProcesses(services.consoleFolder);
  const socats = memoryOf(children);
  keep("processes of one idle console", "processes", children.length / consoles);
  keep("memory of one, socat and ipmitool", "KiB PSS", each(socats.pssBytes));
  keep("memory of one, socat and ipmitool", "KiB RSS", each(socats.rssBytes));
  if (!smaller) return;
  const more = consoles - smaller.consoles;
  const growth = (service: "conductor" | "proxy"): number =>
    (memory[service].rssBytes - smaller.memory[service].rssBytes) / KIB / more;
  keep("growth of the conductor for each more", "KiB RSS", growth("conductor"));
  keep("growth of novncproxy for each more", "KiB RSS", growth("proxy"));
  const whole = each(socats.pssBytes) + growth("conductor") + growth("proxy");
  keep("memory of one, all of that", "KiB", whole);
}

async function keepIdleCpu(services: FleetServices, clock: CpuClock, keep: Keep): Promise<void> {
  const before = servicesCpu(services, clock);
  const begin = performance.now();
  await pause(IDLE_WATCH_MILLISECONDS);
  const now = servicesCpu(services, clock);
  const perSecond = (name: keyof Cpu): number => (now[name] - before[name]) / since(begin);
  const children = perSecond("tree") - perSecond("conductor");
  keep("idle, all socats and ipmitools", "CPU-ms/s", children);
  keep("idle, conductor itself", "CPU-ms/s", perSecond("conductor"));
  keep("idle, novncproxy", "CPU-ms/s", perSecond("proxy"));
  keep("idle, all of that", "CPU-ms/s", perSecond("tree") + perSecond("proxy"));
}

interface Cpu {
  /** Milliseconds. */
  readonly conductor: number;
  /** The conductor with its children; socat stays one while it lives. */
  readonly tree: number;
  readonly proxy: number;
}

function servicesCpu(services: FleetServices, clock: CpuClock): Cpu {
  return {
    conductor: clock.readOnly(services.conductorPid),
    tree: clock.read(services.conductorPid),
    proxy: clock.readOnly(services.proxyPid),
  };
}

function servicesMemory(services: FleetServices): { conductor: Memory; proxy: Memory } {
  return {
    conductor: memoryOf([services.conductorPid]),
    proxy: memoryOf([services.proxyPid]),
  };
}

/** @returns lines that are connected, `wanted` of them unless time is over */
async function untilConnected(services: FleetServices, wanted: number): Promise<number> {
  const deadline = performance.now() + PATIENCE_MILLISECONDS;
  for (;;) {
    const connected = await services.connectedLines();
    if (connected >= wanted || performance.now() > deadline) return connected;
    await pause(POLL_MILLISECONDS);
  }
}

/** Every process of every running console. */
function consoleProcesses(folder: string): number[] {
  return uuidsIn(folder).flatMap((uuid) => {
    const note = readNote(consoleFiles(folder, uuid).note);
    return note === "none" || note === "begun" ? [] : treeOf(note.pid);
  });
}

function since(begin: number): number {
  return (performance.now() - begin) / 1000;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

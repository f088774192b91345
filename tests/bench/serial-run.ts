/** The serial part of `npm run bench`. Prints what it found; absolute figures are this machine's. */
import { loadavg, cpus } from "node:os";
import { missingForIpmiBmc, startIpmiBmc, type IpmiBmc } from "../helpers/ipmi-bmc.ts";
import { missingPrograms } from "../helpers/server-process.ts";
import { CpuClock } from "./cpu-clock.ts";
import { Endings, endEarly } from "./endings.ts";
import { measureEcho } from "./serial-echo.ts";
import { SerialFigures } from "./serial-figures.ts";
import { measureConmanFleet } from "./serial-fleet-conman.ts";
import { isConmanThere } from "./serial-peers.ts";
import { measureFleet, warmUp, type FleetState } from "./serial-fleet.ts";
import { startServices } from "./serial-services.ts";
import { measureViewers } from "./serial-viewers.ts";
import { makeSerialWorld } from "./serial-world.ts";

export const SERIAL_SCENARIOS = ["serial-echo", "serial-viewers", "serial-consoles"] as const;
export type SerialScenario = (typeof SERIAL_SCENARIOS)[number];

/** Viewers take long and vary little. */
const MOST_VIEWER_ROUNDS = 2;
const SOME_CONSOLES = 50;
const MOST_CONSOLES = 200;
const WARM_UP = 10;
const BMCS_AT_ONCE = 10;
/** Of each half, the default takes about two minutes. */
const LIMIT_MILLISECONDS = 20 * 60_000;
/** Where Debian has conmand. */
const SYSTEM_FOLDERS = "/usr/sbin:/sbin";

export async function runSerial(options: {
  readonly rounds: number;
  readonly scenarios: readonly SerialScenario[];
  readonly json: boolean;
}): Promise<void> {
  process.env["PATH"] = `${process.env["PATH"] ?? ""}:${SYSTEM_FOLDERS}`;
  const missing = [...missingForIpmiBmc(), ...missingPrograms(["flock", "websockify", "gcc"])];
  if (missing.length > 0) throw new Error(`these programs are missing: ${missing.join(", ")}`);
  const figures = new SerialFigures();
  if (!isConmanThere()) figures.note("conman is not installed, its column is empty.");
  const loads = [loadavg()[0] ?? 0];
  const has = (name: SerialScenario): boolean => options.scenarios.includes(name);
  if (has("serial-echo") || has("serial-viewers"))
    await withEndings(async (endings) => {
      const world = await makeSerialWorld(endings);
      if (has("serial-echo")) await measureEcho(world, options.rounds, figures);
      if (has("serial-viewers"))
        await measureViewers(world, Math.min(options.rounds, MOST_VIEWER_ROUNDS), figures);
    });
  if (has("serial-consoles")) await withEndings((endings) => measureConsoles(endings, figures));
  loads.push(loadavg()[0] ?? 0);
  figures.note(
    `Medians of ${options.rounds} rounds after a warm-up (viewers ${Math.min(options.rounds, MOST_VIEWER_ROUNDS)}, consoles 1); ratios paired by round; ${cpus().length} processors, load ${loads.map((one) => one.toFixed(1)).join(" before and ")} after; Node.js ${process.version}.`,
  );
  process.stdout.write(
    options.json ? `${JSON.stringify(figures.json())}\n` : `\n${figures.table()}\n`,
  );
}

async function measureConsoles(endings: Endings, figures: SerialFigures): Promise<void> {
  const services = await startServices(endings);
  const bmcs = await startBmcs(MOST_CONSOLES, endings);
  const clock = new CpuClock();
  await warmUp(services, bmcs.slice(0, WARM_UP));
  let smaller: FleetState | undefined;
  for (const size of [SOME_CONSOLES, MOST_CONSOLES]) {
    process.stderr.write(`${size} consoles\n`);
    smaller = await measureFleet(services, bmcs.slice(0, size), clock, figures, smaller);
  }
  if (!isConmanThere()) return;
  process.stderr.write(`${MOST_CONSOLES} consoles, conman\n`);
  await measureConmanFleet(bmcs, clock, figures, endings);
}

async function withEndings(work: (endings: Endings) => Promise<void>): Promise<void> {
  const endings = new Endings();
  const forget = endEarly(endings, LIMIT_MILLISECONDS);
  try {
    await work(endings);
  } finally {
    await endings.run();
    forget();
  }
}

async function startBmcs(count: number, endings: Endings): Promise<IpmiBmc[]> {
  process.stderr.write(`starting ${count} BMCs\n`);
  const bmcs: IpmiBmc[] = [];
  endings.add("BMCs", async () => {
    await Promise.all(bmcs.map((bmc) => bmc.stop()));
  });
  while (bmcs.length < count) {
    const names = Array.from({ length: BMCS_AT_ONCE }, (_, at) => `host${bmcs.length + at}`);
    const some = await Promise.allSettled(names.map((name) => startIpmiBmc({ name })));
    for (const one of some) if (one.status === "fulfilled") bmcs.push(one.value);
    const failed = some.find((one) => one.status === "rejected");
    if (failed) throw failed.reason;
  }
  await Promise.all(bmcs.map((bmc) => bmc.waitLine()));
  return bmcs;
}

/**
 * `npm run bench`: the proxy with token check and VNC authentication on, against Debian's websockify
 * and HAProxy's TCP mode, interleaved in one run; then serial consoles, against websockify and conman; then
 * consoles in a browser, against nobody. Prints ratios; absolute figures are this machine's.
 *
 * Usage: npm run bench -- [screen|serial|browser] [--rounds N] [--only SCENARIO[,SCENARIO]] [--json]
 */
import { parseArgs } from "node:util";
import { BROWSER_SCENARIOS, runBrowser } from "./browser-run.ts";
import { runLoad, type Sample } from "./load.ts";
import { startPeer, type Peer } from "./peers.ts";
import { reportTable } from "./report.ts";
import { SCENARIOS, type PeerName, type Scenario } from "./scenarios.ts";
import { runSerial, SERIAL_SCENARIOS } from "./serial-run.ts";
import { makeWorld, type World } from "./world.ts";

type Results = Map<string, Map<PeerName, Sample[]>>;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: "string", default: "5" },
      only: { type: "string" },
      json: { type: "boolean", default: false },
    },
  });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(`--rounds must be a whole number from 1, not "${values.rounds}"`);
  const part = positionals[0];
  if (positionals.length > 1 || !["screen", "serial", "browser", undefined].includes(part))
    throw new Error(`the parts are screen, serial and browser, not "${positionals.join(" ")}"`);
  const isPart = (name: string): boolean => part === undefined || part === name;
  const wanted = values.only?.split(",");
  const isWanted = (name: string): boolean => !wanted || wanted.includes(name);
  const scenarios = SCENARIOS.filter(({ name }) => isPart("screen") && isWanted(name));
  const serial = SERIAL_SCENARIOS.filter((name) => isPart("serial") && isWanted(name));
  const inBrowser = BROWSER_SCENARIOS.filter((name) => isPart("browser") && isWanted(name));
  if (scenarios.length + serial.length + inBrowser.length === 0)
    throw new Error(`there is no scenario named "${values.only}"`);
  if (scenarios.length > 0) await runScreen(scenarios, rounds, values.json);
  if (serial.length > 0) await runSerial({ rounds, scenarios: serial, json: values.json });
  if (inBrowser.length > 0) await runBrowser({ rounds, scenarios: inBrowser, json: values.json });
}

async function runScreen(
  scenarios: readonly Scenario[],
  rounds: number,
  json: boolean,
): Promise<void> {
  const world = await makeWorld();
  try {
    const results = await runAll(world, scenarios, rounds);
    process.stdout.write(json ? asJson(results) : asTable(results, rounds));
  } finally {
    await world.stop();
  }
}

function asJson(results: Results): string {
  const plain = [...results].map(([scenario, byPeer]) => [scenario, Object.fromEntries(byPeer)]);
  return `${JSON.stringify(Object.fromEntries(plain))}\n`;
}

function asTable(results: Results, rounds: number): string {
  return `\n${reportTable(results)}\n\nMedians of ${rounds} rounds after a warm-up; ratios paired by round; Node.js ${process.version}.\n`;
}

async function runAll(
  world: World,
  scenarios: readonly Scenario[],
  rounds: number,
): Promise<Results> {
  const results: Results = new Map();
  const peers = new Map<PeerName, Peer>();
  try {
    for (let round = 0; round <= rounds; round++) {
      for (const scenario of scenarios) {
        if (scenario.fresh || round > (scenario.rounds ?? rounds)) continue;
        for (const name of scenario.peers) {
          const peer = peers.get(name) ?? (await startPeer(name, world));
          peers.set(name, peer);
          const counted = round > 0;
          const when = counted ? `round ${round}/${rounds}` : "warm-up";
          const sample = await take(world, peer, scenario, when);
          if (counted) keep(results, scenario, name, sample);
        }
      }
    }
    /* Two proxies of one name refuse each other. */
    for (const [name, peer] of peers) {
      peers.delete(name);
      await peer.stop();
    }
    for (const scenario of scenarios) {
      if (!scenario.fresh) continue;
      for (const name of scenario.peers) {
        const peer = await startPeer(name, world);
        try {
          keep(results, scenario, name, await take(world, peer, scenario, "fresh process"));
        } finally {
          await peer.stop();
        }
      }
    }
  } finally {
    for (const peer of peers.values()) await peer.stop();
  }
  return results;
}

async function take(world: World, peer: Peer, scenario: Scenario, when: string): Promise<Sample> {
  process.stderr.write(`${when}: ${scenario.name} through ${peer.name}\n`);
  return await runLoad(world.loadBinary, peer, scenario);
}

function keep(results: Results, scenario: Scenario, name: PeerName, sample: Sample): void {
  const byPeer = results.get(scenario.name) ?? new Map<PeerName, Sample[]>();
  byPeer.set(name, [...(byPeer.get(name) ?? []), sample]);
  results.set(scenario.name, byPeer);
}

await main();

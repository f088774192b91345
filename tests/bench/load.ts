/** Runs vnc-load, the C load generator, and keeps the clocks of the proxy under test around it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Peer } from "./peers.ts";
import { treeUsage } from "./process-tree.ts";
import type { Scenario } from "./scenarios.ts";

/** One run of one scenario through one peer. */
export interface Sample {
  readonly seconds: number;
  readonly bytes: number;
  readonly events: number;
  /** Microseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly missed: number;
  /** Seconds of CPU of the peer's process tree. */
  readonly cpuSeconds: number;
  readonly rssBytes: number;
  readonly pssBytes: number;
}

const RUN_DEADLINE_MS = 180_000;

export async function runLoad(binary: string, peer: Peer, scenario: Scenario): Promise<Sample> {
  const args = [peer.speaks, String(peer.port), scenario.load, ...scenario.args];
  const child = spawn(binary, args, { stdio: ["pipe", "pipe", "inherit"] });
  const deadline = setTimeout(() => child.kill("SIGKILL"), RUN_DEADLINE_MS);
  try {
    child.stdin.on("error", () => undefined);
    if (peer.speaks === "ws") child.stdin.write(`${peer.targets.join("\n")}\n\n`);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    await expectLine(lines, peer, scenario);
    return scenario.load === "idle"
      ? await holdIdle(child.stdin, peer)
      : await measure(child.stdin, lines, peer, scenario);
  } finally {
    child.stdin.end();
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    clearTimeout(deadline);
  }
}

type Lines = AsyncIterator<string>;

async function expectLine(lines: Lines, peer: Peer, scenario: Scenario): Promise<string> {
  const line = await lines.next();
  if (line.done) throw new Error(`${scenario.name} through ${peer.name} failed`);
  return line.value;
}

async function measure(
  stdin: NodeJS.WritableStream,
  lines: Lines,
  peer: Peer,
  scenario: Scenario,
): Promise<Sample> {
  const before = treeUsage(peer.pid);
  stdin.write("go\n");
  const result = JSON.parse(await expectLine(lines, peer, scenario)) as Omit<Sample, "cpuSeconds">;
  const after = treeUsage(peer.pid);
  stdin.write("go\n");
  return { ...result, cpuSeconds: after.cpuSeconds - before.cpuSeconds, rssBytes: 0, pssBytes: 0 };
}

const IDLE_WATCH_SECONDS = 5;

async function holdIdle(stdin: NodeJS.WritableStream, peer: Peer): Promise<Sample> {
  stdin.write("go\n");
  const before = treeUsage(peer.pid, { memory: true });
  await new Promise((resolve) => setTimeout(resolve, IDLE_WATCH_SECONDS * 1000));
  const after = treeUsage(peer.pid);
  return {
    seconds: IDLE_WATCH_SECONDS,
    bytes: 0,
    events: 0,
    p50: 0,
    p99: 0,
    missed: 0,
    cpuSeconds: after.cpuSeconds - before.cpuSeconds,
    rssBytes: before.rssBytes,
    pssBytes: before.pssBytes,
  };
}

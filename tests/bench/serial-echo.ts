/**
 * How long a typed key takes to the machine and back: over Serial over LAN, where socat, ipmitool and the
 * BMC are most of it, and over a line that answers at once, which leaves the proxy's own share. Each peer
 * has a line and a BMC of its own, of the same kind, for a line has one client.
 */
import { SERIAL_PEERS, type SerialFigures, type SerialPeer } from "./serial-figures.ts";
import { SerialClient } from "./serial-client.ts";
import { isConmanThere, startConman, startWebsockify } from "./serial-peers.ts";
import type { SerialWorld } from "./serial-world.ts";

interface EchoKind {
  readonly title: string;
  readonly unit: string;
  /** Of `unit` in a millisecond. */
  readonly scale: number;
  readonly keys: number;
  readonly dialect: "raw" | "ipmitool";
  readonly hold: "always" | "on-demand";
}

const SOL: EchoKind = {
  title: "echo over SOL",
  unit: "ms",
  scale: 1,
  keys: 1500,
  dialect: "ipmitool",
  hold: "always",
};
const FAST: EchoKind = {
  title: "echo of a fast line",
  unit: "µs",
  scale: 1000,
  keys: 8000,
  dialect: "raw",
  hold: "on-demand",
};

type Clients = ReadonlyMap<SerialPeer, SerialClient>;

export async function measureEcho(
  world: SerialWorld,
  rounds: number,
  figures: SerialFigures,
): Promise<void> {
  const fast = await attachAll(world, FAST, async () => world.source("echo"));
  const sol = await attachAll(world, SOL, (peer) => world.startLine(`sol-${peer}`));
  try {
    for (const clients of [fast, sol]) for (const client of clients.values()) await client.wake();
    for (let round = 0; round <= rounds; round++)
      for (const [kind, clients] of [[SOL, sol] as const, [FAST, fast] as const])
        await oneRound(kind, clients, round, figures);
  } finally {
    for (const clients of [fast, sol]) for (const client of clients.values()) client.leave();
  }
  figures.note(
    "No proxy: a plain client on the socket of socat, or of the machine. Every peer has its own BMC (ipmi_sim) and socat, started by this service's driver; client and machine are in one process.",
  );
}

async function attachAll(
  world: SerialWorld,
  kind: EchoKind,
  pathFor: (peer: SerialPeer) => Promise<string>,
): Promise<Clients> {
  const clients = new Map<SerialPeer, SerialClient>();
  for (const peer of SERIAL_PEERS.filter((one) => one !== "conman" || isConmanThere()))
    clients.set(peer, await attach(world, kind, peer, await pathFor(peer)));
  return clients;
}

async function attach(
  world: SerialWorld,
  kind: EchoKind,
  peer: SerialPeer,
  path: string,
): Promise<SerialClient> {
  switch (peer) {
    case "plain":
      return await SerialClient.bySocket({ path });
    case "websockify": {
      const { port } = await startWebsockify(path, world.endings);
      return await SerialClient.byWebSocket(`ws://127.0.0.1:${port}/`, "binary");
    }
    case "conman": {
      const { port } = await startConman(world.folder, { line: `unix:${path}` }, world.endings);
      return await SerialClient.byConman(port, "line");
    }
    case "ours": {
      const { dialect, hold } = kind;
      return await world.attach(await world.addNode(path, { dialect, hold }));
    }
  }
}

async function oneRound(
  kind: EchoKind,
  clients: Clients,
  round: number,
  figures: SerialFigures,
): Promise<void> {
  const turned = [...clients.keys()].map((_, at, all) => all[(at + round) % all.length]!);
  const samples = new Map<SerialPeer, { readonly p50: number; readonly p99: number }>();
  for (const peer of turned) {
    process.stderr.write(`${round === 0 ? "warm-up" : `round ${round}`}: ${kind.title}, ${peer}\n`);
    samples.set(peer, await typeKeys(clients.get(peer)!, kind));
  }
  const none = samples.get("plain");
  if (round === 0 || !none) return;
  for (const [peer, { p50, p99 }] of samples) {
    figures.keep(`${kind.title}: p50`, kind.unit, peer, p50);
    figures.keep(`${kind.title}: p99`, kind.unit, peer, p99);
    if (kind === FAST && peer !== "plain")
      figures.keep(`${kind.title}: p50 added`, kind.unit, peer, p50 - none.p50);
  }
}

async function typeKeys(
  client: SerialClient,
  { keys, scale }: EchoKind,
): Promise<{ readonly p50: number; readonly p99: number }> {
  const times: number[] = [];
  for (let at = 0; at < keys; at++) times.push((await client.echo(keyAt(at))) * scale);
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.min(keys - 1, Math.floor(keys * share))]!;
  return { p50: at(0.5), p99: at(0.99) };
}

/** Small letters, so that an echo that is late is not taken for the next one's. */
function keyAt(at: number): number {
  return 0x61 + (at % 26);
}

/**
 * What people who watch a line cost the process that serves them, while the machine prints. Our line is one
 * connection however many watch, and so is conman's; websockify has none to share, so that each of its
 * viewers has a machine of his own, which on a real BMC is impossible.
 */
import { CpuClock } from "./cpu-clock.ts";
import { SerialClient } from "./serial-client.ts";
import { SerialFigures, type SerialPeer } from "./serial-figures.ts";
import { isConmanThere, startConman, startWebsockify, type Server } from "./serial-peers.ts";
import { RATES, type SerialWorld } from "./serial-world.ts";

const VIEWERS = [1, 10, 50] as const;
const WATCH_MILLISECONDS = 2000;
/** Until the scrollback is through and everything is warm. */
const SETTLE_MILLISECONDS = 500;
/** A line on demand is held for five seconds behind its last viewer, and looked at every second. */
const LINGER_MILLISECONDS = 7000;
/** Of what the machine printed; less is named in a note. */
const COMPLETE = 0.97;

interface Scene {
  readonly rate: number;
  readonly count: number;
}

interface Seats {
  readonly pid: number;
  readonly attach: () => Promise<SerialClient>;
  readonly stop: () => Promise<void>;
}

export async function measureViewers(
  world: SerialWorld,
  rounds: number,
  figures: SerialFigures,
): Promise<void> {
  const clock = new CpuClock();
  const nodes = new Map<number, string>();
  for (const rate of RATES)
    nodes.set(
      rate,
      await world.addNode(world.source(`print-${rate}`), { dialect: "raw", hold: "on-demand" }),
    );
  const open = {
    ours: async (rate: number): Promise<Seats> => ({
      pid: world.proxy.pid,
      attach: () => world.attach(nodes.get(rate) ?? ""),
      stop: async () => undefined,
    }),
    websockify: async (rate: number): Promise<Seats> => {
      const peer = await startWebsockify(world.source(`print-${rate}`), world.endings);
      return seats(peer, () => SerialClient.byWebSocket(`ws://127.0.0.1:${peer.port}/`, "binary"));
    },
    conman: async (rate: number): Promise<Seats> => {
      const peer = await startConman(
        world.folder,
        { line: `unix:${world.source(`print-${rate}`)}` },
        world.endings,
      );
      return seats(peer, () => SerialClient.byConman(peer.port, "line"));
    },
  };
  /* Only ours is a process that has been compiling until now. */
  for (const rate of RATES)
    await watch(await open.ours(rate), "ours", { rate, count: 10 }, clock, new SerialFigures());
  figures.keep("novncproxy without viewers", "CPU-ms/s", "ours", await idle(world, clock));
  const peers = (["ours", "websockify", "conman"] as const).filter(
    (peer) => peer !== "conman" || isConmanThere(),
  );
  for (let round = 1; round <= rounds; round++)
    for (const rate of RATES)
      for (const count of VIEWERS)
        for (const peer of peers) {
          process.stderr.write(`round ${round}: ${count} viewers at ${rate} B/s, ${peer}\n`);
          await watch(await open[peer](rate), peer, { rate, count }, clock, figures);
        }
  figures.note(
    "Viewers: processor time of the serving process with its children, divided by viewers. websockify cannot share a line: each of its viewers has a source of his own.",
  );
}

/** Once it has let go of the lines that were watched. */
async function idle(world: SerialWorld, clock: CpuClock): Promise<number> {
  await pause(LINGER_MILLISECONDS);
  const before = clock.read(world.proxy.pid);
  await pause(WATCH_MILLISECONDS);
  return ((clock.read(world.proxy.pid) - before) * 1000) / WATCH_MILLISECONDS;
}

function seats(peer: Server, attach: () => Promise<SerialClient>): Seats {
  return { pid: peer.pid, attach, stop: () => peer.stop() };
}

async function watch(
  { pid, attach, stop }: Seats,
  peer: SerialPeer,
  { rate, count }: Scene,
  clock: CpuClock,
  figures: SerialFigures,
): Promise<void> {
  const clients: SerialClient[] = [];
  try {
    for (let at = 0; at < count; at++) clients.push(await attach());
    await pause(SETTLE_MILLISECONDS);
    const before = clients.map((client) => client.bytes);
    const begin = performance.now();
    const cpuBefore = clock.read(pid);
    await pause(WATCH_MILLISECONDS);
    const cpu = clock.read(pid) - cpuBefore;
    const seconds = (performance.now() - begin) / 1000;
    const shares = clients.map(({ bytes }, at) => (bytes - before[at]!) / (rate * seconds));
    const least = Math.min(...shares);
    const title = `${count} viewer${count === 1 ? "" : "s"} at ${rate.toLocaleString("en")} B/s`;
    figures.keep(title, "CPU-ms/s each", peer, cpu / seconds / count);
    if (least < COMPLETE)
      figures.note(
        `${peer}, ${title}: a viewer got ${Math.floor(least * 20) * 5} to ${Math.floor(least * 20) * 5 + 5} % of what the machine printed in that time, at worst.`,
      );
  } finally {
    for (const client of clients) client.leave();
    await stop();
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Starts what is compared: our proxy as its users run it, websockify, HAProxy, and no proxy at all. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createConnection, createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { packageRoot } from "../../common/package-root.ts";
import type { PeerName } from "./scenarios.ts";
import type { World } from "./world.ts";

export interface Peer {
  readonly name: PeerName;
  readonly speaks: "ws" | "tcp";
  readonly port: number;
  /** Request targets of the WebSocket upgrade. */
  readonly targets: readonly string[];
  readonly pid: number;
  stop(): Promise<void>;
}

export async function startPeer(name: PeerName, world: World): Promise<Peer> {
  switch (name) {
    case "direct":
      return {
        name,
        speaks: "tcp",
        port: world.sourcePort,
        targets: [],
        pid: process.pid,
        stop: async () => undefined,
      };
    case "websockify":
      return await startWebsockify(world);
    case "haproxy":
      return await startHaproxy(world);
    case "baremetal-console":
      return await startOurs(world);
  }
}

async function startWebsockify(world: World): Promise<Peer> {
  const port = await freePort();
  const child = spawn("websockify", [`127.0.0.1:${port}`, `127.0.0.1:${world.sourcePort}`], {
    stdio: "ignore",
  });
  return await ready({ name: "websockify", speaks: "ws", port, targets: ["/websockify"] }, child);
}

/** TCP mode: it frames nothing and checks nothing; the C floor of relaying. */
async function startHaproxy(world: World): Promise<Peer> {
  const port = await freePort();
  const file = join(world.folder, "haproxy.cfg");
  writeFileSync(
    file,
    [
      "global",
      "  maxconn 8000",
      "defaults",
      "  mode tcp",
      "  timeout connect 5s",
      "  timeout client 1h",
      "  timeout server 1h",
      "listen bench",
      `  bind 127.0.0.1:${port}`,
      `  server source 127.0.0.1:${world.sourcePort}`,
      "",
    ].join("\n"),
  );
  const child = spawn("haproxy", ["-db", "-f", file], { stdio: "ignore" });
  return await ready({ name: "haproxy", speaks: "tcp", port, targets: [] }, child);
}

async function startOurs(world: World): Promise<Peer> {
  const port = await freePort();
  const main = join(packageRoot(), "dist", "cli", "main.js");
  const child = spawn(
    process.execPath,
    [
      main,
      "novncproxy",
      "--config-file",
      world.configFile,
      "--data-dir",
      world.folder,
      "-o",
      `vnc.port=${port}`,
    ],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  return await ready(
    { name: "baremetal-console", speaks: "ws", port, targets: world.targets },
    child,
  );
}

async function ready(peer: Omit<Peer, "pid" | "stop">, child: ChildProcess): Promise<Peer> {
  if (child.pid === undefined)
    throw new Error(`${peer.name} could not be started; is it installed?`);
  const deadline = Date.now() + 20_000;
  while (!(await answers(peer.port))) {
    if (child.exitCode !== null || Date.now() > deadline)
      throw new Error(`${peer.name} does not answer`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGTERM");
    const insist = setTimeout(() => child.kill("SIGKILL"), 5000);
    await once(child, "exit");
    clearTimeout(insist);
  };
  return { ...peer, pid: child.pid, stop };
}

async function answers(port: number): Promise<boolean> {
  const socket = createConnection({ host: "127.0.0.1", port });
  const result = await once(socket, "connect").then(
    () => true,
    () => false,
  );
  socket.destroy();
  return result;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

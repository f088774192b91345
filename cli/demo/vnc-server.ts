/**
 * The bundled simulator of a BMC's VNC server: shows one {@link DemoMachine} to any number of
 * viewers, on loopback, with a password. Its clock tick runs only while somebody looks.
 */
import { createServer, type AddressInfo, type Socket } from "node:net";
import type { Clock } from "../../common/clock.ts";
import type { Secret } from "../../common/secret.ts";
import { makeFont } from "./font.ts";
import { DemoMachine } from "./machine.ts";
import { VncViewer } from "./vnc-viewer.ts";

const TICK_MS = 250;
const MOST_VIEWERS = 100;

export interface VncServer {
  readonly port: number;
  /** Ends every viewer and stops listening. */
  stop(): Promise<void>;
}

/**
 * @param options `port` 0 takes a free one
 * @throws {Error} with code EADDRINUSE and the like when it cannot listen
 */
export async function startVncServer(options: {
  readonly port: number;
  readonly password: Secret;
  readonly clock: Clock;
}): Promise<VncServer> {
  const ready = new Map<Socket, VncViewer>();
  const sockets = new Set<Socket>();
  const machine = new DemoMachine(options.clock, {
    bell: () => ready.forEach((viewer) => viewer.bell()),
    copy: (text) => ready.forEach((viewer) => viewer.copy(text)),
  });
  const font = makeFont();
  let ticker: NodeJS.Timeout | undefined;
  let wasSeen = false;

  const show = (): void => {
    machine.viewers = ready.size;
    machine.tick();
    for (const viewer of ready.values()) viewer.sendChanges();
  };
  const watch = (): void => {
    if (ready.size > 0) ticker ??= setInterval(show, TICK_MS);
    else {
      clearInterval(ticker);
      ticker = undefined;
    }
  };
  const accept = (socket: Socket): void => {
    if (sockets.size >= MOST_VIEWERS) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.on("close", () => {
      sockets.delete(socket);
      if (ready.delete(socket)) machine.release();
      watch();
    });
    const onReady = (viewer: VncViewer): void => {
      /* The first one to look sees it boot. */
      if (!wasSeen) machine.reboot();
      wasSeen = true;
      ready.set(socket, viewer);
      watch();
    };
    new VncViewer(socket, {
      machine,
      font,
      password: options.password,
      onReady,
      onInput: show,
    }).start();
  };

  const server = createServer(accept);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

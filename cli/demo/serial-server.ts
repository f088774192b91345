/**
 * The bundled simulator of a terminal server: one {@link SerialMachine} on a TCP port of loopback, for
 * any number of connections, as a line has no walls.
 */
import { createServer, type AddressInfo, type Socket } from "node:net";
import type { Clock } from "../../common/clock.ts";
import { SerialMachine } from "./serial-machine.ts";

const MOST_CONNECTIONS = 20;
const STAY_MILLISECONDS = 300;

export interface SerialServer {
  readonly port: number;
  /** Ends every connection and stops listening. */
  stop(): Promise<void>;
}

/**
 * @param options `port` 0 takes a free one
 * @throws {Error} with code EADDRINUSE and the like when it cannot listen
 */
export async function startSerialServer(options: {
  readonly port: number;
  readonly clock: Clock;
}): Promise<SerialServer> {
  const sockets = new Set<Socket>();
  const machine = new SerialMachine(options.clock, (text) => {
    for (const socket of sockets) socket.write(text);
  });
  let wasSeen = false;
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    if (sockets.size >= MOST_CONNECTIONS) {
      socket.destroy();
      return;
    }
    /* Enabling the console connects for a moment; who stays sees it boot from the first line. */
    const stay = setTimeout(() => {
      if (!wasSeen) machine.reboot();
      wasSeen = true;
    }, STAY_MILLISECONDS);
    sockets.add(socket);
    machine.viewers = sockets.size;
    socket.on("close", () => {
      clearTimeout(stay);
      sockets.delete(socket);
      machine.viewers = sockets.size;
    });
    socket.on("data", (bytes) => machine.input(bytes));
  });
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
      machine.stop();
    },
  };
}

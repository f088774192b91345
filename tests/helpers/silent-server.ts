/** A TCP server that accepts and never says a word, for tests of deadlines. */
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";

export interface SilentServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** @param greeting bytes to send at once, for servers that say something wrong and then nothing */
export async function startSilentServer(greeting = ""): Promise<SilentServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    // Reads, so that it notices when the client goes.
    socket.resume();
    socket.once("close", () => sockets.delete(socket));
    if (greeting !== "") socket.write(greeting, "latin1");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

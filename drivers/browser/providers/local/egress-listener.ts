/** The host's end of a session's only way out: a Unix socket in its folder. Hands connections on, no more. */
import { chmod, open, type FileHandle } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { join } from "node:path";
import { EGRESS_SOCKET } from "../../sandbox/session-script.ts";

export class EgressListener {
  readonly #server: Server;
  readonly #folder: FileHandle;
  readonly #open: Set<Socket>;

  private constructor(server: Server, folder: FileHandle, sockets: Set<Socket>) {
    this.#server = server;
    this.#folder = folder;
    this.#open = sockets;
  }

  /** @param folder nobody but the conductor may enter it; the session sees the socket only */
  static async open(
    folder: string,
    onConnection: (stream: Duplex) => void,
  ): Promise<EgressListener> {
    const handle = await open(folder, "r");
    const sockets = new Set<Socket>();
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
      socket.on("error", () => undefined);
      onConnection(socket);
    });
    try {
      await new Promise<void>((resolve, reject) => {
        // FACT(unix(7)): a socket's path has 107 bytes; the folder's may have more.
        server.once("error", reject).listen(`/proc/self/fd/${handle.fd}/${EGRESS_SOCKET}`, resolve);
      });
      await chmod(join(folder, EGRESS_SOCKET), 0o666);
    } catch (error) {
      server.close();
      await handle.close();
      throw error;
    }
    return new EgressListener(server, handle, sockets);
  }

  async close(): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await this.#folder.close();
  }
}

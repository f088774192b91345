/** The WebSockets of the simulated OpenBMC: up to four screens, and a serial line that all share. */
import type { IncomingMessage } from "node:http";
import { connect, type NetConnectOpts, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer, type WebSocket } from "ws";

const KVM = "/kvm/0";
const MAX_SEATS = 4;
/** boost::beast::flat_static_buffer<1024>. */
const INPUT_BYTES = 1024;

interface Bridge {
  readonly socket: Duplex;
  readonly web: WebSocket;
  readonly backend: Socket;
}

export class OpenBmcConsoles {
  /** By path: where its bytes are. */
  readonly #backends: ReadonlyMap<string, NetConnectOpts>;
  /** bmcweb echoes whatever sub-protocol was offered. */
  readonly #server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    handleProtocols: (offered) => [...offered][0] ?? false,
  });
  readonly #bridges = new Set<Bridge>();
  /** Of the messages that came, the longest. */
  longestMessage = 0;
  /** How often somebody sent more than there was room for. */
  overruns = 0;
  seatsTaken = 0;

  constructor(places: { readonly rfb?: NetConnectOpts; readonly serial?: NetConnectOpts }) {
    this.#backends = new Map([
      ...(places.rfb ? ([[KVM, places.rfb]] as const) : []),
      ...(places.serial
        ? ([
            ["/console0", places.serial],
            ["/console/default", places.serial],
          ] as const)
        : []),
    ]);
  }

  has(path: string): boolean {
    return this.#backends.has(path);
  }

  /** Open now. */
  get size(): number {
    return this.#bridges.size;
  }

  take(path: string, request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const place = this.#backends.get(path);
    if (!place) return;
    this.#server.handleUpgrade(request, socket, head, (web) => {
      if (path === KVM && this.size >= MAX_SEATS)
        web.close(1000, "Max sessions are already connected");
      else this.#join(path === KVM, web, socket, place);
    });
  }

  /** The BMC loses its network: every connection is reset. */
  drop(): void {
    for (const { web, backend } of this.#bridges) {
      web.terminate();
      backend.destroy();
    }
  }

  /** The machine is switched off: what stood behind the WebSockets is gone. */
  loseBackends(): void {
    for (const { backend } of this.#bridges) backend.destroy();
  }

  /** The BMC hangs: takes nothing and says nothing. */
  freeze(): void {
    for (const { web } of this.#bridges) web.pause();
  }

  #join(isKvm: boolean, web: WebSocket, socket: Duplex, place: NetConnectOpts): void {
    const backend = connect(place);
    const bridge = { web, backend, socket };
    this.#bridges.add(bridge);
    this.seatsTaken += 1;
    let pending = 0;
    web.on("error", () => undefined);
    web.on("close", () => {
      this.#bridges.delete(bridge);
      backend.destroy();
    });
    const words = isKvm ? "Error in connecting to KVM port" : "Error connecting to host port";
    backend.on("error", () => undefined);
    backend.on("close", () => web.close(1000, words));
    backend.on("data", (bytes) => {
      web.send(bytes);
      if (socket.writableLength < 256 * 1024) return;
      backend.pause();
      socket.once("drain", () => backend.resume());
    });
    web.on("message", (message: Buffer, isBinary) => {
      this.longestMessage = Math.max(this.longestMessage, message.length);
      if (!isBinary) web.close(1003, "text");
      else if (isKvm && pending + message.length > INPUT_BYTES) {
        this.overruns += 1;
        web.close(1000, "Buffer overrun");
      } else {
        pending += message.length;
        backend.write(message, () => (pending -= message.length));
      }
    });
  }
}

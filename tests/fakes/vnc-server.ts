/**
 * A VNC server that does what a test tells it, mostly lies: wrong versions, wrong lengths, chopped
 * bytes, silence, hanging up in the middle. Not a server to look at; real ones are started by
 * tests/helpers/vnc-servers.ts.
 */
import { once } from "node:events";
import { createServer, type Socket } from "node:net";

/** One connection, in the hands of the script. */
export interface FakeVncConnection {
  /** Sends bytes; strings are Latin-1. */
  send(...parts: (string | readonly number[] | Uint8Array)[]): void;
  /** Sends them one at a time, each in a packet of its own. */
  sendChopped(...parts: (string | readonly number[] | Uint8Array)[]): Promise<void>;
  /** Waits for exactly this many bytes; rejects when the other side leaves before. */
  receive(length: number): Promise<Buffer>;
  /** Ends the connection in order. */
  close(): void;
  /** Breaks it with a TCP reset. */
  reset(): void;
}

export type FakeVncScript = (connection: FakeVncConnection) => Promise<void>;

export interface FakeVncServer {
  readonly host: string;
  readonly port: number;
  /** Connections so far. */
  readonly connections: number;
  /** Everything received over all connections. */
  received(): Buffer;
  stop(): Promise<void>;
}

/**
 * Starts one on a free port of the loopback address.
 * @param script runs for each connection, which stays open when the script ends; a rejection (the other
 * side left) ends the connection
 */
export async function startFakeVncServer(script: FakeVncScript): Promise<FakeVncServer> {
  const sockets = new Set<Socket>();
  const received: Buffer[] = [];
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    script(new Connection(socket, received)).catch(() => socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    host: "127.0.0.1",
    port: typeof address === "object" && address ? address.port : 0,
    get connections() {
      return connections;
    },
    received: () => Buffer.concat(received),
    async stop() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

class Connection implements FakeVncConnection {
  readonly #socket: Socket;
  #bytes: Buffer = Buffer.alloc(0);
  #ended = false;
  #wake: () => void = () => undefined;

  constructor(socket: Socket, received: Buffer[]) {
    this.#socket = socket;
    socket.on("data", (chunk) => {
      received.push(chunk);
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      this.#wake();
    });
    socket.on("close", () => {
      this.#ended = true;
      this.#wake();
    });
  }

  send(...parts: (string | readonly number[] | Uint8Array)[]): void {
    this.#socket.write(toBuffer(parts));
  }

  async sendChopped(...parts: (string | readonly number[] | Uint8Array)[]): Promise<void> {
    for (const byte of toBuffer(parts)) {
      if (this.#ended) return;
      this.#socket.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async receive(length: number): Promise<Buffer> {
    while (this.#bytes.length < length) {
      if (this.#ended) throw new Error("the other side left");
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const result = this.#bytes.subarray(0, length);
    this.#bytes = this.#bytes.subarray(length);
    return result;
  }

  close(): void {
    this.#socket.end();
  }

  reset(): void {
    this.#socket.resetAndDestroy();
  }
}

function toBuffer(parts: readonly (string | readonly number[] | Uint8Array)[]): Buffer {
  return Buffer.concat(
    parts.map((part) =>
      typeof part === "string" ? Buffer.from(part, "latin1") : Buffer.from(part),
    ),
  );
}

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0, 0);
  return bytes;
};

/** An honest server up to ServerInit, security type None, that then keeps the connection. */
export const honestNone: FakeVncScript = async (connection) => {
  connection.send("RFB 003.008\n");
  await connection.receive(12);
  connection.send([1, 1]);
  await connection.receive(1);
  connection.send(u32(0));
  await connection.receive(1);
  connection.send(serverInit("fake"));
};

/** ServerInit of a 16x16 screen, 32 bits little-endian. */
export function serverInit(name: string): Buffer {
  const format = [32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0];
  return Buffer.concat([
    Buffer.from([0, 16, 0, 16, ...format]),
    u32(name.length),
    Buffer.from(name, "latin1"),
  ]);
}

/** Ways not to behave, by what they do. */
export const VNC_LIES = {
  "says nothing": async () => undefined,
  "hangs up at once": async (connection) => connection.close(),
  "resets the connection": async (connection) => {
    connection.send("RFB 003.008\n");
    await connection.receive(12);
    connection.reset();
  },
  "speaks HTTP": async (connection) => connection.send("HTTP/1.1 400 Bad Request\r\n\r\n"),
  "speaks an unknown version": async (connection) => connection.send("RFB 055.008\n"),
  "hangs up inside the version": async (connection) => {
    connection.send("RFB 003");
    connection.close();
  },
  "refuses with a reason": async (connection) => {
    const reason = "Too many security failures";
    connection.send("RFB 003.008\n");
    await connection.receive(12);
    connection.send([0], u32(reason.length), reason);
    connection.close();
  },
  "refuses with a reason of 4 GiB": async (connection) => {
    connection.send("RFB 003.008\n");
    await connection.receive(12);
    connection.send([0], u32(0xffffffff));
  },
  "offers unknown types only": async (connection) => {
    connection.send("RFB 003.008\n");
    await connection.receive(12);
    connection.send([2, 113, 99]);
  },
  "is silent after the security types": async (connection) => {
    connection.send("RFB 003.008\n");
    await connection.receive(12);
    connection.send([1, 1]);
  },
  "has a name of 4 GiB": async (connection) => {
    connection.send("RFB 003.008\n");
    await connection.receive(12);
    connection.send([1, 1]);
    await connection.receive(1);
    connection.send(u32(0));
    await connection.receive(1);
    connection.send(serverInit("").subarray(0, 20), u32(0xffffffff));
  },
  "sends one byte at a time": async (connection) => {
    await connection.sendChopped("RFB 003.008\n");
    await connection.receive(12);
    await connection.sendChopped([1, 1]);
    await connection.receive(1);
    await connection.sendChopped(u32(0));
    await connection.receive(1);
    await connection.sendChopped(serverInit("chopped"));
  },
} as const satisfies Record<string, FakeVncScript>;

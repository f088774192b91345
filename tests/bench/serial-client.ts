/**
 * A client of a serial line, by WebSocket, in conman's protocol, or straight on the socket that socat
 * listens on. Counts what comes, and times single keys.
 */
import { once } from "node:events";
import { connect, type NetConnectOpts, type Socket } from "node:net";
import { WebSocket } from "ws";

const PATIENCE_MILLISECONDS = 15_000;
const KEY = 0x61;
const WAKE_MILLISECONDS = 1000;
const WAKE_ATTEMPTS = 30;
const CONMAN_MILLISECONDS = 2000;
const CONMAN_ATTEMPTS = 5;

export class SerialClient {
  /** Bytes of the line that have arrived. */
  bytes = 0;
  readonly #send: (bytes: Buffer) => void;
  readonly #leave: () => void;
  #onBytes: (bytes: Buffer) => void = () => undefined;
  #ended = false;

  private constructor(send: (bytes: Buffer) => void, leave: () => void) {
    this.#send = send;
    this.#leave = leave;
  }

  /** @throws {Error} when it is refused */
  static async byWebSocket(address: string, protocol: string): Promise<SerialClient> {
    const socket = new WebSocket(address, [protocol], {
      perMessageDeflate: false,
      handshakeTimeout: PATIENCE_MILLISECONDS,
    });
    const client = new SerialClient(
      (bytes) => socket.send(bytes),
      () => socket.terminate(),
    );
    socket.on("message", (data: Buffer, isBinary) => {
      if (isBinary) client.#take(data);
    });
    socket.on("close", () => (client.#ended = true));
    await once(socket, "open");
    socket.on("error", () => undefined);
    return client;
  }

  static async bySocket(where: NetConnectOpts): Promise<SerialClient> {
    const socket = connect(where);
    await once(socket, "connect");
    return SerialClient.#of(socket);
  }

  /**
   * FACT(conman 0.2.7, lib/client.c): two requests of one line, each answered by a line that begins with OK.
   * FACT(the same, measured): directly behind a client that left, the next one may get no answer at all.
   */
  static async byConman(port: number, name: string): Promise<SerialClient> {
    for (let attempt = 1; ; attempt++) {
      const socket = connect({ port, host: "127.0.0.1", noDelay: true });
      try {
        await once(socket, "connect");
        await ask(socket, "HELLO USER='bench' TTY='none'\n");
        await ask(socket, `CONNECT OPTION=JOIN CONSOLE='${name}'\n`);
        return SerialClient.#of(socket);
      } catch (error) {
        socket.destroy();
        if (attempt === CONMAN_ATTEMPTS) throw error;
      }
    }
  }

  static #of(socket: Socket): SerialClient {
    socket.setNoDelay(true);
    const client = new SerialClient(
      (bytes) => socket.write(bytes),
      () => socket.destroy(),
    );
    socket.on("data", (bytes: Buffer) => client.#take(bytes));
    socket.on("error", () => undefined);
    socket.on("close", () => (client.#ended = true));
    return client;
  }

  /** Types one key. @returns milliseconds until it came back. @throws {Error} when it does not in time */
  async echo(key: number, patienceMilliseconds = PATIENCE_MILLISECONDS): Promise<number> {
    let timer: NodeJS.Timeout | undefined;
    const begin = performance.now();
    try {
      return await new Promise<number>((resolve, reject) => {
        this.#onBytes = (bytes) => {
          if (bytes.includes(key)) resolve(performance.now() - begin);
        };
        const why = (): string =>
          this.#ended ? "the connection ended" : "a key did not come back";
        timer = setTimeout(() => reject(new Error(why())), patienceMilliseconds);
        this.#send(Buffer.of(key));
      });
    } finally {
      clearTimeout(timer);
      this.#onBytes = () => undefined;
    }
  }

  /**
   * Types until a key comes back.
   * FACT(ipmi_sim 2.0.33): it swallows the first characters that a new session types.
   */
  async wake(): Promise<void> {
    for (let attempt = 1; ; attempt++)
      try {
        await this.echo(KEY + (attempt % 26), WAKE_MILLISECONDS);
        return;
      } catch (error) {
        if (attempt === WAKE_ATTEMPTS) throw error;
      }
  }

  leave(): void {
    this.#leave();
  }

  #take(bytes: Buffer): void {
    this.bytes += bytes.length;
    this.#onBytes(bytes);
  }
}

async function ask(socket: Socket, request: string): Promise<void> {
  socket.write(request);
  const [answer] = (await once(socket, "data", {
    signal: AbortSignal.timeout(CONMAN_MILLISECONDS),
  })) as [Buffer];
  if (!answer.toString("latin1").startsWith("OK"))
    throw new Error(`conmand refuses: ${answer.toString("latin1").trim()}`);
}

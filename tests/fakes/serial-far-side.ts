/**
 * What stands before a serial line, on a Unix socket or a port: as socat with `ipmitool … sol activate`
 * behind it, or as a plain serial server. Reads what is typed as ipmitool does, escapes and all, and tells
 * the test what would reach the machine. Written after ipmitool 1.8.19, lib/ipmi_sol.c, not after our code.
 */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions, type TLSSocket } from "node:tls";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ConsoleTransport } from "../../common/console-endpoint.ts";

export const LEAD_IN =
  "Info: SOL payload already de-activated\r\n[SOL Session operational.  Use ~? for help]\r\n";

export interface FarSideOptions {
  /** What is said to each connection at first; LEAD_IN unless set. Then `ends` or the line is open. */
  readonly leadIn?: string;
  /** Closes each connection behind the lead-in. */
  readonly ends?: boolean;
  /** False for a plain serial server: nothing is said, and no byte is an escape. */
  readonly ipmitool?: boolean;
  /** Sends typed bytes back. */
  readonly echo?: boolean;
  /** Listens on 127.0.0.1 with TLS instead of a Unix socket. */
  readonly tls?: TlsOptions;
  /** With TLS: SHA-256 of the one client certificate that is let in. */
  readonly clientFingerprint?: string;
  /** Listens on 127.0.0.1 instead of a Unix socket. */
  readonly tcp?: boolean;
}

export class SerialFarSide implements Orders {
  options: FarSideOptions;
  /** Connections taken so far. */
  connections = 0;
  breaks = 0;
  /** ipmitool was told to end or to stop. */
  terminated = 0;
  suspended = 0;
  readonly #server: Server;
  readonly #folder: string;
  readonly #sockets = new Set<Socket>();
  #typed: Buffer[] = [];
  #paused = false;

  private constructor(options: FarSideOptions) {
    this.options = options;
    this.#folder = mkdtempSync(join(tmpdir(), "far-side-"));
    const onConnection = (socket: Socket): void => this.#accept(socket);
    this.#server = options.tls ? createTlsServer(options.tls) : createServer();
    this.#server.on(options.tls ? "secureConnection" : "connection", onConnection);
  }

  static async start(options: FarSideOptions = {}): Promise<SerialFarSide> {
    const made = new SerialFarSide(options);
    if (options.tls || options.tcp) made.#server.listen(0, "127.0.0.1");
    else made.#server.listen(join(made.#folder, "line"));
    await once(made.#server, "listening");
    return made;
  }

  get transport(): ConsoleTransport {
    const address = this.#server.address() as AddressInfo | string;
    return typeof address === "string"
      ? { kind: "unix", path: address }
      : { kind: "tcp", host: "127.0.0.1", port: address.port };
  }

  /** What reached the machine. */
  get typed(): string {
    return Buffer.concat(this.#typed).toString("latin1");
  }

  get typedBytes(): Buffer {
    return Buffer.concat(this.#typed);
  }

  /** Connections now. */
  get connected(): number {
    return this.#sockets.size;
  }

  /** The machine says something. */
  say(bytes: string | Uint8Array): void {
    for (const socket of this.#sockets)
      socket.write(typeof bytes === "string" ? Buffer.from(bytes, "utf8") : bytes);
  }

  /** Ends every connection, with last words if any. */
  hangUp(lastWords = ""): void {
    for (const socket of this.#sockets) {
      if (lastWords !== "") socket.end(lastWords);
      else socket.destroy();
    }
  }

  /** Takes no more input until `readOn`. */
  stall(): void {
    this.#paused = true;
    for (const socket of this.#sockets) socket.pause();
  }

  readOn(): void {
    this.#paused = false;
    for (const socket of this.#sockets) socket.resume();
  }

  async stop(): Promise<void> {
    this.hangUp();
    this.#server.close();
    await once(this.#server, "close");
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #knows(socket: Socket): boolean {
    const wanted = this.options.clientFingerprint;
    if (wanted === undefined) return true;
    const shown = (socket as TLSSocket).getPeerX509Certificate();
    return shown?.fingerprint256.replaceAll(":", "").toLowerCase() === wanted;
  }

  #accept(socket: Socket): void {
    const { ipmitool = true, leadIn = LEAD_IN, ends = false } = this.options;
    if (!this.#knows(socket)) {
      socket.destroy();
      return;
    }
    this.connections += 1;
    this.#sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => this.#sockets.delete(socket));
    if (this.#paused) socket.pause();
    const escapes = new EscapeReader(this);
    socket.on("data", (bytes: Buffer) => {
      const clear = ipmitool ? escapes.read(bytes) : Buffer.from(bytes);
      this.#typed.push(clear);
      if (this.options.echo) socket.write(clear);
    });
    if (!ipmitool) return;
    if (ends) socket.end(leadIn);
    else socket.write(leadIn);
  }
}

/** What ipmitool was told by escapes. */
interface Orders {
  breaks: number;
  terminated: number;
  suspended: number;
}

/** processSolUserInput() of lib/ipmi_sol.c. */
export class EscapeReader implements Orders {
  breaks = 0;
  terminated = 0;
  suspended = 0;
  readonly #orders: Orders;
  #pending = false;
  #afterNewline = true;

  /** @param orders counts them; itself unless set */
  constructor(orders?: Orders) {
    this.#orders = orders ?? this;
  }

  /** @returns what reaches the machine */
  read(bytes: Uint8Array): Buffer {
    const out: number[] = [];
    for (const byte of bytes) {
      const character = String.fromCharCode(byte);
      if (this.#pending) {
        this.#pending = false;
        if (character === "\x1a" || character === "\x18") this.#orders.suspended += 1;
        else if (character === "B") this.#orders.breaks += 1;
        if ("\x1a\x18B?".includes(character)) continue;
        if (character === ".") this.#orders.terminated += 1;
        else if (character === "~") out.push(byte);
        else out.push(0x7e, byte);
      } else if (this.#afterNewline && character === "~") {
        this.#pending = true;
        continue;
      } else out.push(byte);
      this.#afterNewline = character === "\r" || character === "\n";
    }
    return Buffer.from(out);
  }
}

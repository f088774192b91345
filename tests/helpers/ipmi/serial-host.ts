/**
 * A machine at the other end of a BMC's serial line, inside the test process: prints a banner when it is
 * switched on, echoes what is typed, answers `whoami` and `date`, and tells the test what arrived.
 */
import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { TelnetReader, telnetQuoted } from "./telnet-line.ts";

/** Bytes of what was typed that are kept. */
const KEPT_BYTES = 4 * 1024 * 1024;

/** What stands on the serial line. */
export interface SerialMachine {
  readonly port: number;
  /** Everything typed so far. */
  typed(): Buffer;
  /** Breaks seen so far. */
  breaks(): number;
  say(bytes: string | Uint8Array): void;
  /** Is the BMC connected to the line now? */
  isConnected(): boolean;
  powerOn(): Promise<void>;
  powerOff(): Promise<void>;
  stop(): Promise<void>;
}

export class SerialHost implements SerialMachine {
  readonly #server: Server;
  readonly #name: string;
  readonly #echo: boolean;
  readonly #sockets = new Set<Socket>();
  #typed: Buffer[] = [];
  #size = 0;
  #line = "";
  #breaks = 0;
  #on = false;

  private constructor(server: Server, name: string, echo: boolean) {
    this.#server = server;
    this.#name = name;
    this.#echo = echo;
    server.on("connection", (socket) => this.#accept(socket));
  }

  /** @param echo false for tests that paste a lot and look at what arrives */
  static async start(host: string, name: string, echo = true): Promise<SerialHost> {
    const server = createServer({ noDelay: true });
    const made = new SerialHost(server, name, echo);
    server.listen(0, host);
    await once(server, "listening");
    return made;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  typed(): Buffer {
    return Buffer.concat(this.#typed);
  }

  breaks(): number {
    return this.#breaks;
  }

  isConnected(): boolean {
    return this.#sockets.size > 0;
  }

  say(bytes: string | Uint8Array): void {
    const quoted = telnetQuoted(Buffer.from(bytes));
    for (const socket of this.#sockets) socket.write(quoted);
  }

  async powerOn(): Promise<void> {
    if (this.#on) return;
    this.#on = true;
    this.#line = "";
    this.say(`\r\n${this.#name} boots\r\n${this.#name} login: `);
  }

  async powerOff(): Promise<void> {
    this.#on = false;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, "close");
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    const reader = new TelnetReader(() => {
      this.#breaks += 1;
      if (this.#on) this.say("\r\nBREAK\r\n");
    });
    socket.on("data", (chunk: Buffer) => this.#hear(reader.read(chunk)));
    socket.on("error", () => {});
    socket.once("close", () => this.#sockets.delete(socket));
  }

  #hear(bytes: Buffer): void {
    if (this.#size < KEPT_BYTES && bytes.length > 0) {
      this.#typed.push(bytes);
      this.#size += bytes.length;
    }
    if (!this.#on || !this.#echo) return;
    for (const character of bytes.toString("latin1")) this.#key(character);
  }

  #key(character: string): void {
    if (character !== "\r") {
      this.#line = (this.#line + character).slice(-200);
      this.say(Buffer.from(character, "latin1"));
      return;
    }
    const answer = { whoami: `root@${this.#name}\r\n`, uname: "Testix\r\n" }[this.#line.trim()];
    this.#line = "";
    this.say(`\r\n${answer ?? ""}${this.#name}# `);
  }
}

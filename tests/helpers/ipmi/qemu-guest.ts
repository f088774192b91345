/**
 * A real machine on a BMC's serial line: a QEMU with a two-sector boot image of our own (guest.S) that
 * prints a banner, echoes, and sees a break. The line goes through this process, so it stays while the
 * machine is off and nothing that it prints is lost.
 */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { truncate } from "node:fs/promises";
import { promisify } from "node:util";
import { packageRoot } from "../../../common/package-root.ts";
import { freePort, isListening, ServerProcess } from "../server-process.ts";
import type { SerialMachine } from "./serial-host.ts";
import { TelnetReader } from "./telnet-line.ts";

const run = promisify(execFile);

export class QemuGuest implements SerialMachine {
  readonly #host: string;
  readonly #image: string;
  readonly #server: Server;
  /** The BMC's connections. */
  readonly #bmc = new Set<Socket>();
  readonly #typed: Buffer[] = [];
  #breaks = 0;
  #qemu: ServerProcess | undefined;
  #uart: Socket | undefined;

  private constructor(host: string, image: string, server: Server) {
    this.#host = host;
    this.#image = image;
    this.#server = server;
    server.on("connection", (socket) => this.#accept(socket));
  }

  /** Builds the image and opens the line; the machine is off. */
  static async prepare(host: string, folder: string): Promise<QemuGuest> {
    const image = await buildImage(folder);
    const server = createServer({ noDelay: true });
    const guest = new QemuGuest(host, image, server);
    server.listen(0, host);
    await once(server, "listening");
    return guest;
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
    return this.#bmc.size > 0;
  }

  say(): void {
    throw new Error("a real machine says what it wants");
  }

  /** FACT(QEMU 7.2): it understands telnet's break only where it listens; it waits there before it boots. */
  async powerOn(): Promise<void> {
    const port = await freePort();
    const qemu = new ServerProcess(
      "qemu-system-x86_64",
      [
        ["-accel", "tcg", "-m", "16", "-display", "none", "-net", "none", "-vga", "none"],
        ["-drive", `file=${this.#image},format=raw,if=floppy,snapshot=on`, "-boot", "a"],
        ["-serial", `telnet:${this.#host}:${port},server=on,wait=on`],
      ].flat(),
    );
    this.#qemu = qemu;
    await qemu.waitFor(`listener on port ${port}`, () => isListening(port));
    const uart = connect({ port, host: this.#host, noDelay: true });
    this.#uart = uart;
    uart.on("error", () => {});
    // Bytes as they are, in both directions: both sides speak telnet.
    uart.on("data", (chunk: Buffer) => {
      for (const socket of this.#bmc) socket.write(chunk);
    });
    await once(uart, "connect");
  }

  async powerOff(): Promise<void> {
    this.#uart?.destroy();
    this.#uart = undefined;
    await this.#qemu?.stop();
    this.#qemu = undefined;
  }

  async stop(): Promise<void> {
    await this.powerOff();
    for (const socket of this.#bmc) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  #accept(socket: Socket): void {
    this.#bmc.add(socket);
    const reader = new TelnetReader(() => {
      this.#breaks += 1;
    });
    socket.on("data", (chunk: Buffer) => {
      this.#typed.push(reader.read(chunk));
      this.#uart?.write(chunk);
    });
    socket.on("error", () => {});
    socket.once("close", () => this.#bmc.delete(socket));
  }
}

async function buildImage(folder: string): Promise<string> {
  const source = join(packageRoot(), "tests", "helpers", "ipmi", "guest.S");
  const [plain, object, image] = ["guest.s", "guest.o", "guest.img"].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  await run("gcc", ["-E", "-x", "assembler-with-cpp", source, "-o", plain]);
  await run("as", ["--32", plain, "-o", object]);
  await run("ld", [
    "-m",
    "elf_i386",
    "-Ttext",
    "0x7c00",
    "--oformat",
    "binary",
    "-e",
    "_start",
    object,
    "-o",
    image,
  ]);
  // The size of a floppy disk, or the firmware does not boot it.
  await truncate(image, 1_474_560);
  return image;
}

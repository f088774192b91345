/**
 * What novncproxy does at a browser console's door, for tests: dials the endpoint, hears the lines before
 * RFB, then speaks RFB 3.8 as a viewer that counts what it gets. Shares no code with either side.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import tls from "node:tls";
import type { ConsoleEndpoint } from "../../drivers/base.ts";
import { until } from "./until.ts";

export class DeskProxy {
  /** The messages before RFB, parsed. */
  readonly lines: Record<string, unknown>[] = [];
  readonly begunAt = performance.now();
  isClosed = false;
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #sawRfb = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#readLines();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => (this.isClosed = true));
  }

  static dial(endpoint: ConsoleEndpoint): DeskProxy {
    const { transport, credentials } = endpoint;
    if (transport.kind === "unix") return new DeskProxy(connect(transport.path));
    const socket = tls.connect({
      port: transport.port,
      host: transport.kind === "tcp" ? transport.host : "",
      rejectUnauthorized: false,
      ...(credentials?.clientCertificate !== undefined && {
        cert: credentials.clientCertificate,
        key: credentials.clientKey?.reveal(),
      }),
    });
    return new DeskProxy(socket);
  }

  get steps(): unknown[] {
    return this.lines.filter(({ type }) => type === "step").map(({ step }) => step);
  }

  /** Of the last `failed` line. */
  get failure(): unknown {
    return this.lines.find(({ type }) => type === "failed")?.["failure"];
  }

  async untilStep(step: string, milliseconds = 20_000): Promise<void> {
    await until(
      () => this.steps.includes(step),
      () => `step ${step}, only ${JSON.stringify(this.lines)}`,
      milliseconds,
    );
  }

  async untilClosed(milliseconds = 20_000): Promise<void> {
    await until(() => this.isClosed, "end of the connection", milliseconds);
  }

  /** Logs in and asks for the whole picture. @returns its size, once the first rectangle is there */
  async firstFrame(milliseconds = 40_000): Promise<{ width: number; height: number; ms: number }> {
    await this.#read(12, milliseconds);
    this.write(Buffer.from("RFB 003.008\n"));
    const [count = 0] = await this.#read(1);
    await this.#read(count);
    this.write(Buffer.from([1]));
    await this.#read(4);
    this.write(Buffer.from([1]));
    const init = await this.#read(24);
    await this.#read(init.readUInt32BE(20));
    const [width, height] = [init.readUInt16BE(0), init.readUInt16BE(2)];
    this.write(Buffer.from([2, 0, 0, 1, 0, 0, 0, 0]));
    const request = Buffer.from([3, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    request.writeUInt16BE(width, 6);
    request.writeUInt16BE(height, 8);
    this.write(request);
    await until(() => this.#received.length >= 16, "first rectangle", milliseconds);
    return { width, height, ms: Math.round(performance.now() - this.begunAt) };
  }

  /** Presses and releases. */
  typeKey(keysym: number): void {
    for (const down of [1, 0]) {
      const message = Buffer.from([4, down, 0, 0, 0, 0, 0, 0]);
      message.writeUInt32BE(keysym, 4);
      this.write(message);
    }
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  async end(): Promise<void> {
    if (this.#socket.closed) return;
    const closed = once(this.#socket, "close");
    this.#socket.destroy();
    await closed;
  }

  async #read(bytes: number, milliseconds = 10_000): Promise<Buffer> {
    await until(
      () => this.isReady(bytes),
      () => `${bytes} bytes of RFB, only ${JSON.stringify(this.lines)}`,
      milliseconds,
    );
    const taken = this.#received.subarray(0, bytes);
    this.#received = this.#received.subarray(bytes);
    return taken;
  }

  isReady(bytes: number): boolean {
    if (this.isClosed && this.#received.length < bytes)
      throw new Error(`the connection ended: ${JSON.stringify(this.lines)}`);
    return this.#sawRfb && this.#received.length >= bytes;
  }

  #readLines(): void {
    while (!this.#sawRfb && this.#received.length > 0) {
      if (this.#received[0] === 0x52) {
        this.#sawRfb = true;
        return;
      }
      const end = this.#received.indexOf(10);
      if (end < 0) return;
      const line = this.#received.subarray(0, end).toString("utf8");
      this.lines.push(JSON.parse(line) as Record<string, unknown>);
      this.#received = this.#received.subarray(end + 1);
    }
  }
}

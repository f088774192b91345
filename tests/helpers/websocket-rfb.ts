/**
 * A viewer of a graphical console at novncproxy's WebSocket, without a browser: hears the notices, speaks
 * RFB 3.8 (RFC 6143), and times its first rectangle.
 */
import { WebSocket } from "ws";
import { OUR_PROTOCOL } from "./serial-watcher.ts";
import { keyEvent, updateRequest } from "./tenant-client.ts";
import { until } from "./until.ts";

const FRAME_MILLISECONDS = 40_000;
const RAW = [2, 0, 0, 1, 0, 0, 0, 0];

export class WebSocketRfb {
  readonly begunAt = performance.now();
  readonly notices: Record<string, unknown>[] = [];
  isClosed = false;
  /** Of the end of the connection. */
  closeReason = "";
  readonly #socket: WebSocket;
  #openedAt = Number.NaN;
  #received = Buffer.alloc(0);

  constructor(url: string) {
    this.#socket = new WebSocket(url, OUR_PROTOCOL);
    this.#socket.on("error", () => undefined);
    this.#socket.once("open", () => (this.#openedAt = performance.now()));
    this.#socket.on("message", (data: Buffer, isBinary) => {
      if (isBinary) this.#received = Buffer.concat([this.#received, data]);
      else this.notices.push(JSON.parse(data.toString()) as Record<string, unknown>);
    });
    this.#socket.once("close", (code, reason) => {
      this.closeReason = reason.toString() || String(code);
      this.isClosed = true;
    });
  }

  /** What it heard, for messages and for the reason of a failure. */
  get story(): string {
    return `${this.notices.map((notice) => JSON.stringify(notice)).join(" ")} ${this.closeReason}`;
  }

  /**
   * @returns milliseconds from the open WebSocket to the first rectangle of the picture
   * @throws {Error} with all that was heard, when the console cannot be had
   */
  async firstFrame(): Promise<number> {
    await this.#read(12);
    this.#socket.send("RFB 003.008\n", { binary: true });
    const [count = 0] = await this.#read(1);
    if (count === 0) {
      await this.untilClosed();
      throw new Error(`refused: ${this.story}`);
    }
    await this.#read(count);
    this.#socket.send(Buffer.from([1]));
    await this.#read(4);
    this.#socket.send(Buffer.from([1]));
    const init = await this.#read(24);
    await this.#read(init.readUInt32BE(20));
    this.#socket.send(Buffer.from(RAW));
    this.#socket.send(updateRequest(false, init.readUInt16BE(0), init.readUInt16BE(2)));
    await this.#until(() => this.#received.length >= 16, "first rectangle");
    return performance.now() - this.#openedAt;
  }

  /** Presses and releases. @param keysym of X11 */
  typeKey(keysym: number): void {
    for (const down of [true, false]) this.#socket.send(keyEvent(keysym, down));
  }

  async untilClosed(milliseconds = 20_000): Promise<void> {
    await until(
      () => this.isClosed,
      () => `end of the connection: ${this.story}`,
      milliseconds,
    );
  }

  end(): void {
    this.#socket.terminate();
  }

  async #read(bytes: number): Promise<Buffer> {
    await this.#until(() => this.#received.length >= bytes, `${bytes} bytes of RFB`);
    const taken = this.#received.subarray(0, bytes);
    this.#received = this.#received.subarray(bytes);
    return taken;
  }

  async #until(isTrue: () => boolean, what: string): Promise<void> {
    await until(
      () => {
        if (isTrue()) return true;
        if (this.isClosed) throw new Error(`no ${what}, the connection ended: ${this.story}`);
        return false;
      },
      () => `${what}: ${this.story}`,
      FRAME_MILLISECONDS,
    );
  }
}

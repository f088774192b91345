/**
 * A browser's side of a console, made of the `ws` package: collects frames in order, waits for the next
 * one with a deadline, and can do the RFB handshake up to ServerInit.
 */
import assert from "node:assert/strict";
import { WebSocket, type ClientOptions } from "ws";

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

export interface TenantOptions extends ClientOptions {
  readonly protocols?: readonly string[];
}

const PATIENCE_MILLISECONDS = 8000;

export class TenantClient {
  readonly socket: WebSocket;
  readonly closed: Promise<Closed>;
  /** The status of a refused upgrade; undefined when it was accepted. */
  readonly refused: Promise<{ readonly status: number; readonly body: string } | undefined>;
  readonly texts: Record<string, unknown>[] = [];
  binaryBytes = 0;
  #frames: Buffer[] = [];
  #collect = true;
  #wake: () => void = () => undefined;

  constructor(address: string, options: TenantOptions = {}) {
    const { protocols, ...rest } = options;
    this.socket = new WebSocket(address, [...(protocols ?? [])], rest);
    this.socket.on("error", () => undefined);
    this.closed = new Promise((resolve) => {
      this.socket.once("close", (code, reason) => {
        resolve({ code, reason: reason.toString() });
        this.#wake();
      });
    });
    this.refused = new Promise((resolve) => {
      this.socket.once("open", () => resolve(undefined));
      this.socket.once("unexpected-response", (_request, response) => {
        let body = "";
        response.setEncoding("utf8");
        response.on("data", (text: string) => (body += text));
        response.on("close", () => {
          resolve({ status: response.statusCode ?? 0, body });
          this.socket.terminate();
        });
        response.resume();
      });
    });
    this.socket.on("message", (data: Buffer, isBinary) => {
      if (!isBinary) this.texts.push(JSON.parse(data.toString()) as Record<string, unknown>);
      else {
        this.binaryBytes += data.length;
        if (this.#collect) this.#frames.push(data);
      }
      this.#wake();
    });
  }

  /** From now on binary frames are counted only. */
  countOnly(): void {
    this.#collect = false;
    this.#frames = [];
  }

  /** Waits until a condition over what arrived holds. @throws when it does not in time, or the peer left */
  async until(what: string, holds: () => boolean): Promise<void> {
    const deadline = Date.now() + PATIENCE_MILLISECONDS;
    while (!holds()) {
      const left = deadline - Date.now();
      assert.ok(left > 0, `${what}: did not happen in time`);
      assert.ok(this.socket.readyState <= WebSocket.CLOSING, `${what}: the connection is closed`);
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        timer = setTimeout(resolve, left);
      });
      clearTimeout(timer);
    }
  }

  /** The next binary frame. */
  async frame(what = "a binary frame"): Promise<Buffer> {
    await this.until(what, () => this.#frames.length > 0);
    return this.#frames.shift()!;
  }

  /** The next text frame of that type, which is taken out. */
  async text(type: string): Promise<Record<string, unknown>> {
    await this.until(`a "${type}" text`, () => this.texts.some((text) => text["type"] === type));
    return this.texts.splice(
      this.texts.findIndex((text) => text["type"] === type),
      1,
    )[0]!;
  }

  send(...parts: (string | readonly number[] | Uint8Array)[]): void {
    const bytes = parts.map((part) =>
      typeof part === "string" ? Buffer.from(part, "latin1") : Buffer.from(part),
    );
    this.socket.send(Buffer.concat(bytes));
  }

  /**
   * RFC 6143 section 7.1 as a 3.8 viewer, with every message in a frame of its own.
   * @param sharedFlag of ClientInit
   * @returns ServerInit
   */
  async handshake(sharedFlag = 1): Promise<Buffer> {
    assert.equal((await this.frame("ProtocolVersion")).toString(), "RFB 003.008\n");
    this.send("RFB 003.008\n");
    assert.deepEqual([...(await this.frame("security types"))], [1, 1]);
    this.send([1]);
    assert.deepEqual([...(await this.frame("SecurityResult"))], [0, 0, 0, 0]);
    this.send([sharedFlag]);
    return this.frame("ServerInit");
  }

  close(): Promise<Closed> {
    this.socket.close(1000);
    return this.closed;
  }

  terminate(): void {
    this.socket.terminate();
  }
}

/** FramebufferUpdateRequest (RFC 6143 section 7.5.3). */
export function updateRequest(incremental: boolean, width: number, height: number): Buffer {
  const bytes = Buffer.alloc(10);
  bytes[0] = 3;
  bytes[1] = incremental ? 1 : 0;
  bytes.writeUInt16BE(width, 6);
  bytes.writeUInt16BE(height, 8);
  return bytes;
}

/** KeyEvent (RFC 6143 section 7.5.4). */
export function keyEvent(key: number, down: boolean): Buffer {
  const bytes = Buffer.alloc(8);
  bytes[0] = 4;
  bytes[1] = down ? 1 : 0;
  bytes.writeUInt32BE(key, 4);
  return bytes;
}

/** PointerEvent (RFC 6143 section 7.5.5). */
export function pointerEvent(buttons: number, x: number, y: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes[0] = 5;
  bytes[1] = buttons;
  bytes.writeUInt16BE(x, 2);
  bytes.writeUInt16BE(y, 4);
  return bytes;
}

/** A small VNC viewer for tests of VNC servers: exact reads, every step under the test's control. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import forge from "node-forge";

const DEADLINE_MS = 5000;

export interface ServerInit {
  readonly width: number;
  readonly height: number;
  readonly bitsPerPixel: number;
  readonly name: string;
}

export class VncViewerFake {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #wake: () => void = () => undefined;
  #isClosed = false;

  constructor(port: number) {
    this.#socket = connect(port, "127.0.0.1");
    this.#socket.on("data", (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    this.#socket.on("error", () => undefined);
    this.#socket.on("close", () => {
      this.#isClosed = true;
      this.#wake();
    });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  write(bytes: Uint8Array | string): void {
    this.#socket.write(bytes);
  }

  /** @throws {Error} when the server closes or is silent for too long */
  async read(bytes: number): Promise<Buffer> {
    await this.#until(() => this.#received.length >= bytes, `${bytes} bytes`);
    const taken = this.#received.subarray(0, bytes);
    this.#received = this.#received.subarray(bytes);
    return taken;
  }

  /** Waits until the server closes. */
  async closed(): Promise<void> {
    if (!this.#isClosed) await this.#until(() => this.#isClosed, "the end", true);
  }

  async end(): Promise<void> {
    if (this.#isClosed) return;
    const closed = once(this.#socket, "close");
    this.#socket.destroy();
    await closed;
  }

  /** ProtocolVersion to ServerInit with version 3.8. @returns undefined when the password is refused */
  async logIn(password: string): Promise<ServerInit | undefined> {
    await this.read(12);
    this.write("RFB 003.008\n");
    await this.read((await this.read(1))[0] ?? 0);
    this.write(Buffer.from([2]));
    this.write(desResponse(password, await this.read(16)));
    if ((await this.read(4)).readUInt32BE() !== 0) return undefined;
    this.write(Buffer.from([1]));
    return this.readServerInit();
  }

  async readServerInit(): Promise<ServerInit> {
    const head = await this.read(24);
    const name = await this.read(head.readUInt32BE(20));
    return {
      width: head.readUInt16BE(0),
      height: head.readUInt16BE(2),
      bitsPerPixel: head.readUInt8(4),
      name: name.toString(),
    };
  }

  requestUpdate(incremental: boolean, width = 960, height = 540): void {
    const message = Buffer.alloc(10);
    message.writeUInt8(3, 0);
    message.writeUInt8(incremental ? 1 : 0, 1);
    message.writeUInt16BE(width, 6);
    message.writeUInt16BE(height, 8);
    this.write(message);
  }

  key(keysym: number, isDown: boolean): void {
    const message = Buffer.alloc(8);
    message.writeUInt8(4, 0);
    message.writeUInt8(isDown ? 1 : 0, 1);
    message.writeUInt32BE(keysym, 4);
    this.write(message);
  }

  /** Presses and releases the keys of a text; \n is Return. */
  type(text: string): void {
    for (const character of text) {
      const keysym = character === "\n" ? 0xff0d : character.charCodeAt(0);
      this.key(keysym, true);
      this.key(keysym, false);
    }
  }

  /** Reads one FramebufferUpdate of Raw rectangles. @returns their places and bytes of pixels */
  async readUpdate(
    bytesPerPixel = 4,
  ): Promise<{ x: number; y: number; width: number; height: number; pixels: Buffer }[]> {
    const head = await this.read(4);
    if (head[0] !== 0) throw new Error(`message ${head[0]} instead of FramebufferUpdate`);
    const rectangles = [];
    for (let left = head.readUInt16BE(2); left > 0; left--) {
      const place = await this.read(12);
      const [x, y, width, height] = [0, 2, 4, 6].map((offset) => place.readUInt16BE(offset));
      if (place.readInt32BE(8) !== 0) throw new Error("an encoding other than Raw");
      const size = { x: x ?? 0, y: y ?? 0, width: width ?? 0, height: height ?? 0 };
      const pixels = await this.read(size.width * size.height * bytesPerPixel);
      rectangles.push({ ...size, pixels });
    }
    return rectangles;
  }

  async #until(isDone: () => boolean, what: string, mayClose = false): Promise<void> {
    const deadline = performance.now() + DEADLINE_MS;
    while (!isDone()) {
      if (this.#isClosed && !mayClose) throw new Error(`the server closed before ${what} came`);
      const left = deadline - performance.now();
      if (left <= 0) throw new Error(`${what} did not come within ${DEADLINE_MS} ms`);
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        timer = setTimeout(resolve, left);
      });
      clearTimeout(timer);
    }
  }
}

/** The response of VNC authentication, by node-forge's DES. */
export function desResponse(password: string, challenge: Buffer): Buffer {
  const key = Buffer.alloc(8);
  key.write(password, "latin1");
  const reversed = key.map((byte) => Number.parseInt(bits(byte), 2));
  const cipher = forge.cipher.createCipher("DES-ECB", Buffer.from(reversed).toString("latin1"));
  cipher.start();
  cipher.update(forge.util.createBuffer(challenge.toString("latin1")));
  cipher.finish();
  return Buffer.from(cipher.output.getBytes(challenge.length), "latin1");
}

function bits(byte: number): string {
  return Array.from({ length: 8 }, (_, bit) => (byte >> bit) & 1).join("");
}

/**
 * A window on a real X server, in one colour and over the whole screen, that notes the keys it gets: what
 * xsetroot and xev do, in a few requests of the X11 core protocol, so that no X program is needed.
 * Source: X Window System Protocol, X Version 11, Release 6.8, chapters 8 to 11 and appendix B.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

const OPCODE = { createWindow: 1, mapWindow: 8, setInputFocus: 42, getKeyboardMapping: 101 };
const ATTRIBUTE = { backPixel: 0x2, overrideRedirect: 0x200, eventMask: 0x800 };
const KEY_PRESS_MASK = 0x1;
const KEY_PRESS = 2;
const SHIFT = 0x1;
const REPLY = 1;

interface Setup {
  readonly resourceBase: number;
  readonly root: number;
  readonly width: number;
  readonly height: number;
  readonly firstKeycode: number;
  readonly keycodes: number;
}

export class X11Window {
  /** X11 keysyms of the keys pressed, in order. */
  readonly pressed: number[] = [];
  readonly #socket: Socket;
  #keysyms: readonly number[][] = [];
  #firstKeycode = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  /**
   * @param display such as ":7", open to local programs
   * @param colour 0xRRGGBB
   */
  static async open(display: string, colour: number): Promise<X11Window> {
    const socket = connect(`/tmp/.X11-unix/X${display.slice(1)}`);
    await once(socket, "connect");
    const window = new X11Window(socket);
    const reader = new Reader(socket);
    // Little-endian, protocol 11.0, no authorization.
    socket.write(Buffer.from("6c000b000000000000000000", "hex"));
    const setup = await readSetup(reader);
    window.#show(setup, colour);
    socket.write(request(OPCODE.getKeyboardMapping, 0, keycodesOf(setup)));
    await window.#readMapping(reader, setup);
    void window.#listen(reader);
    return window;
  }

  close(): void {
    this.#socket.destroy();
  }

  #show({ resourceBase, root, width, height }: Setup, colour: number): void {
    const create = Buffer.alloc(28);
    create.writeUInt32LE(resourceBase, 0);
    create.writeUInt32LE(root, 4);
    create.writeUInt16LE(width, 12);
    create.writeUInt16LE(height, 14);
    create.writeUInt16LE(1, 18);
    create.writeUInt32LE(
      ATTRIBUTE.backPixel | ATTRIBUTE.overrideRedirect | ATTRIBUTE.eventMask,
      24,
    );
    const values = words32(colour, 1, KEY_PRESS_MASK);
    this.#socket.write(request(OPCODE.createWindow, 0, Buffer.concat([create, values])));
    this.#socket.write(request(OPCODE.mapWindow, 0, words32(resourceBase)));
    this.#socket.write(request(OPCODE.setInputFocus, 1, words32(resourceBase, 0)));
  }

  async #readMapping(reader: Reader, setup: Setup): Promise<void> {
    let head = await reader.read(32);
    while (head.readUInt8(0) !== REPLY) head = await reader.read(32);
    const perKeycode = head.readUInt8(1);
    const all = await reader.read(head.readUInt32LE(4) * 4);
    this.#firstKeycode = setup.firstKeycode;
    this.#keysyms = Array.from({ length: setup.keycodes }, (_, keycode) =>
      Array.from({ length: perKeycode }, (_unused, index) =>
        all.readUInt32LE((keycode * perKeycode + index) * 4),
      ),
    );
  }

  async #listen(reader: Reader): Promise<void> {
    try {
      for (;;) {
        const event = await reader.read(32);
        if ((event.readUInt8(0) & 0x7f) !== KEY_PRESS) continue;
        const symbols = this.#keysyms[event.readUInt8(1) - this.#firstKeycode] ?? [];
        const shifted = (event.readUInt16LE(28) & SHIFT) !== 0;
        this.pressed.push(symbols[shifted ? 1 : 0] ?? 0);
      }
    } catch {
      // The window was closed.
    }
  }
}

/** Hands out exactly as many bytes as asked for. */
class Reader {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.#chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  async read(length: number): Promise<Buffer> {
    while (this.#rest.length < length) {
      const { value, done } = await this.#chunks.next();
      if (done === true) throw new Error("the X server closed the connection");
      this.#rest = Buffer.concat([this.#rest, value]);
    }
    const bytes = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return bytes;
  }
}

async function readSetup(reader: Reader): Promise<Setup> {
  const head = await reader.read(8);
  const body = await reader.read(head.readUInt16LE(6) * 4);
  if (head.readUInt8(0) !== 1) throw new Error(`the X server refused: ${body.toString("latin1")}`);
  const vendorLength = Math.ceil(body.readUInt16LE(16) / 4) * 4;
  const screen = 32 + vendorLength + 8 * body.readUInt8(21);
  const firstKeycode = body.readUInt8(26);
  return {
    resourceBase: body.readUInt32LE(4),
    root: body.readUInt32LE(screen),
    width: body.readUInt16LE(screen + 20),
    height: body.readUInt16LE(screen + 22),
    firstKeycode,
    keycodes: body.readUInt8(27) - firstKeycode + 1,
  };
}

function keycodesOf({ firstKeycode, keycodes }: Setup): Buffer {
  return Buffer.from([firstKeycode, keycodes, 0, 0]);
}

/** @param data the second byte; @param body a multiple of four bytes */
function request(opcode: number, data: number, body: Buffer): Buffer {
  const head = Buffer.from([opcode, data, 0, 0]);
  head.writeUInt16LE(1 + body.length / 4, 2);
  return Buffer.concat([head, body]);
}

function words32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => bytes.writeUInt32LE(value, index * 4));
  return bytes;
}

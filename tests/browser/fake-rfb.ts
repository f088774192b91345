/**
 * The machine end of an RFB connection for tests of the page: version 3.8, security None, one plain
 * colour, and a note of every key and text that arrives (RFC 6143 sections 7.1 to 7.6).
 */

export interface KeyEvent {
  readonly keysym: number;
  readonly down: boolean;
}

export interface Colour {
  readonly red: number;
  readonly green: number;
  readonly blue: number;
}

type Stage = "version" | "security" | "init" | "messages";

export class FakeRfb {
  readonly keys: KeyEvent[] = [];
  readonly clipboardTexts: string[] = [];
  readonly #send: (bytes: Buffer) => void;
  readonly #size: { width: number; height: number };
  readonly #colour: Colour;
  #stage: Stage = "version";
  #input = Buffer.alloc(0);
  #shifts = { red: 16, green: 8, blue: 0 };

  /** @param send puts bytes on the wire */
  constructor(
    send: (bytes: Buffer) => void,
    picture: { width: number; height: number; colour: Colour },
  ) {
    this.#send = send;
    this.#size = picture;
    this.#colour = picture.colour;
  }

  start(): void {
    this.#send(Buffer.from("RFB 003.008\n", "latin1"));
  }

  /** ServerCutText. */
  sendClipboard(text: string): void {
    const bytes = Buffer.from(text, "latin1");
    const head = Buffer.alloc(8);
    head.writeUInt8(3, 0);
    head.writeUInt32BE(bytes.length, 4);
    this.#send(Buffer.concat([head, bytes]));
  }

  /** An update with an encoding that nobody knows. */
  sendNonsense(): void {
    this.#send(Buffer.from("0000000100000000000100017fffffff", "hex"));
  }

  receive(bytes: Buffer): void {
    this.#input = Buffer.concat([this.#input, bytes]);
    for (let used = this.#step(); used > 0; used = this.#step()) {
      this.#input = this.#input.subarray(used);
    }
  }

  /** @returns how many bytes were used, 0 when more are needed */
  #step(): number {
    const wanted = { version: 12, security: 1, init: 1, messages: 1 }[this.#stage];
    if (this.#input.length < wanted) return 0;
    switch (this.#stage) {
      case "version":
        this.#send(Buffer.from([1, 1]));
        this.#stage = "security";
        return 12;
      case "security":
        this.#send(Buffer.alloc(4));
        this.#stage = "init";
        return 1;
      case "init":
        this.#send(serverInit(this.#size));
        this.#stage = "messages";
        return 1;
      case "messages":
        return this.#message();
    }
  }

  #message(): number {
    const length = messageLength(this.#input);
    if (length === 0 || this.#input.length < length) return 0;
    const message = this.#input.subarray(0, length);
    switch (message.readUInt8(0)) {
      case 0:
        this.#shifts = {
          red: message.readUInt8(14),
          green: message.readUInt8(15),
          blue: message.readUInt8(16),
        };
        break;
      case 3:
        if (message.readUInt8(1) === 0) this.#send(this.#fullUpdate());
        break;
      case 4:
        this.keys.push({ keysym: message.readUInt32BE(4), down: message.readUInt8(1) === 1 });
        break;
      case 6:
        this.clipboardTexts.push(message.toString("latin1", 8));
        break;
      default:
        break;
    }
    return length;
  }

  #fullUpdate(): Buffer {
    const { width, height } = this.#size;
    const { red, green, blue } = this.#colour;
    const pixel = Buffer.alloc(4);
    const value =
      (red << this.#shifts.red) | (green << this.#shifts.green) | (blue << this.#shifts.blue);
    pixel.writeInt32LE(value);
    const head = Buffer.alloc(16);
    head.writeUInt16BE(1, 2);
    head.writeUInt16BE(width, 8);
    head.writeUInt16BE(height, 10);
    return Buffer.concat([head, Buffer.alloc(width * height * 4, pixel)]);
  }
}

/** 32 bits a pixel, depth 24, big-endian no, true colour; maxima 255; shifts 16, 8, 0. */
const PIXEL_FORMAT = "2018000100ff00ff00ff100800000000";

function serverInit({ width, height }: { width: number; height: number }): Buffer {
  const name = Buffer.from("fake machine", "latin1");
  const head = Buffer.alloc(24);
  head.writeUInt16BE(width, 0);
  head.writeUInt16BE(height, 2);
  Buffer.from(PIXEL_FORMAT, "hex").copy(head, 4);
  head.writeUInt32BE(name.length, 20);
  return Buffer.concat([head, name]);
}

/** @returns 0 when it cannot be told yet */
function messageLength(input: Buffer): number {
  switch (input.readUInt8(0)) {
    case 0:
      return 20;
    case 2:
      return input.length < 4 ? 0 : 4 + 4 * input.readUInt16BE(2);
    case 3:
      return 10;
    case 4:
      return 8;
    case 5:
      return 6;
    case 6:
      return input.length < 8 ? 0 : 8 + input.readUInt32BE(4);
    default:
      throw new Error(`the page sent message type ${input.readUInt8(0)}, which was not offered`);
  }
}

/**
 * The session's display, asked and resized over RFB as any viewer could: a short connection each time. It
 * shows nothing and types nothing.
 *
 * Source: RFC 6143; SetDesktopSize and ExtendedDesktopSize as in the community's "The RFB Protocol"
 * (github.com/rfbproto), sections 7.4.10 and 7.8.2.
 */
import type { Duplex } from "node:stream";
import { hostHandshake } from "../../../common/rfb/host-handshake.ts";
import { ConsoleError } from "../../base.ts";
import { withDeadline } from "../../lib/deadline.ts";
import type { SessionProcess, SessionSize } from "../providers/provider.ts";
import { DisplayConnection } from "./display-connection.ts";

export interface Region {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const LIMIT_MS = 8000;
const CLIENT_INIT_SHARED = Buffer.from([1]);
const SERVER_INIT_BYTES = 24;
const NAME_LIMIT = 1024;
const RAW = 0;
/**
 * FACT(TigerVNC 1.12, SConnection needRenderedCursor): who has not moved the pointer to where it is gets it
 * painted into the picture. What is no larger says nothing.
 */
const POINTER_SIZE = 48;
const EXTENDED_DESKTOP_SIZE = -308;
/** ExtendedDesktopSize, x-position: this client asked for it. */
const ASKED_BY_US = 1;
/** Rows that are looked at to tell whether a picture is there: text of 16 pixels meets some of them. */
const SAMPLED_ROWS = 48;
const RECTANGLES_LIMIT = 4096;
const SCREENS_LIMIT = 255;
/** Of one update: a display of 4096x4096. Who broke into a session answers for its Xvnc. */
const UPDATE_PIXELS_LIMIT = 4096 * 4096;
/** 24 bits of colour in 4 bytes, as a session's Xvnc has them. */
const PIXEL_BYTES = 4;

interface Rectangle extends Region {
  readonly encoding: number;
  readonly pixels: Buffer;
}

export class Display {
  readonly #process: SessionProcess;

  constructor(process: SessionProcess) {
    this.#process = process;
  }

  /** Resolves when the display has that size. @throws {ConsoleError} when the server refuses it */
  async resize(size: SessionSize, signal: AbortSignal): Promise<void> {
    await this.#use(signal, async (connection, present) => {
      if (present.width === size.width && present.height === size.height) return;
      connection.write(setEncodings([EXTENDED_DESKTOP_SIZE, RAW]));
      // The server says first that it can be resized, and only then takes it.
      connection.write(request(false, { x: 0, y: 0, width: 1, height: 1 }));
      await untilExtendedSize(connection, () => true);
      connection.write(setDesktopSize(size));
      connection.write(request(true, { x: 0, y: 0, width: 1, height: 1 }));
      const status = await untilExtendedSize(connection, ({ x }) => x === ASKED_BY_US);
      if (status !== 0)
        throw new ConsoleError(
          `the session's display refused to be ${size.width}x${size.height} (status ${status})`,
        );
    });
  }

  /** Whether all that can be seen there, the mouse pointer aside, has one colour. True outside the display. */
  async isBlank(region: Region, signal: AbortSignal): Promise<boolean> {
    return this.#use(signal, async (connection, present) => {
      const seen = clip(region, present);
      if (!seen) return true;
      // FACT(TigerVNC 1.12, tried): with ExtendedDesktopSize, such requests are answered by sizes alone.
      connection.write(setEncodings([RAW]));
      const spots = new Extent();
      let colour: Buffer | undefined;
      for (const y of rowsOf(seen))
        for (const row of await readRow(connection, { ...seen, y, height: 1 })) {
          colour ??= Buffer.from(row.pixels.subarray(0, PIXEL_BYTES));
          spots.addOthers(row, colour);
          if (spots.exceeds(POINTER_SIZE)) return false;
        }
      return true;
    });
  }

  #use<T>(
    signal: AbortSignal,
    work: (connection: DisplayConnection, present: SessionSize) => Promise<T>,
  ): Promise<T> {
    const onTimeout = (): Error =>
      new ConsoleError(`the session's display did not answer within ${LIMIT_MS} ms`);
    return withDeadline({ signal, limitMs: LIMIT_MS, onTimeout }, async (inner) => {
      const stream: Duplex = await this.#process.dialRfb();
      const connection = new DisplayConnection(stream, inner);
      try {
        await hostHandshake(connection, { allowedSecurityTypes: ["None"] });
        connection.write(CLIENT_INIT_SHARED);
        const init = await connection.read("ServerInit", SERVER_INIT_BYTES);
        const nameBytes = init.readUInt32BE(20);
        if (nameBytes > NAME_LIMIT) throw new ConsoleError("the session's display is no Xvnc");
        await connection.read("name", nameBytes);
        return await work(connection, {
          width: init.readUInt16BE(0),
          height: init.readUInt16BE(2),
        });
      } finally {
        connection.close();
      }
    });
  }
}

/** @returns the status of the first one that is meant */
async function untilExtendedSize(
  connection: DisplayConnection,
  isMeant: (rectangle: Rectangle) => boolean,
): Promise<number> {
  for (;;) {
    for (const rectangle of await readUpdate(connection))
      if (rectangle.encoding === EXTENDED_DESKTOP_SIZE && isMeant(rectangle)) return rectangle.y;
    connection.write(request(true, { x: 0, y: 0, width: 1, height: 1 }));
  }
}

async function readRow(connection: DisplayConnection, row: Region): Promise<Rectangle[]> {
  for (;;) {
    connection.write(request(false, row));
    const found = (await readUpdate(connection)).filter(({ pixels }) => pixels.length > 0);
    if (found.length > 0) return found;
  }
}

/** Reads messages up to a FramebufferUpdate's end. RFC 6143 section 7.6. */
async function readUpdate(connection: DisplayConnection): Promise<Rectangle[]> {
  for (;;) {
    const [type] = await connection.read("message type", 1);
    if (type === 2) continue; // Bell
    if (type !== 0) throw new ConsoleError(`the session's display sent message ${type}`);
    break;
  }
  const count = (await connection.read("rectangles", 3)).readUInt16BE(1);
  if (count > RECTANGLES_LIMIT) throw new ConsoleError("the session's display sent too much");
  const rectangles: Rectangle[] = [];
  let left = UPDATE_PIXELS_LIMIT;
  for (let index = 0; index < count; index++) {
    const rectangle = await readRectangle(connection, left);
    left -= rectangle.pixels.length / PIXEL_BYTES;
    rectangles.push(rectangle);
  }
  return rectangles;
}

async function readRectangle(
  connection: DisplayConnection,
  pixelsLeft: number,
): Promise<Rectangle> {
  const head = await connection.read("rectangle", 12);
  const [x, y, width, height] = [0, 2, 4, 6].map((at) => head.readUInt16BE(at)) as [
    number,
    number,
    number,
    number,
  ];
  const encoding = head.readInt32BE(8);
  if (encoding === EXTENDED_DESKTOP_SIZE) {
    const screens = (await connection.read("screens", 4)).readUInt8(0);
    await connection.read("screens", 16 * Math.min(screens, SCREENS_LIMIT));
    return { x, y, width, height, encoding, pixels: Buffer.alloc(0) };
  }
  if (encoding !== RAW) throw new ConsoleError(`the session's display sent encoding ${encoding}`);
  if (width * height > pixelsLeft) throw new ConsoleError("the session's display sent too much");
  const pixels = await connection.read("pixels", width * height * PIXEL_BYTES);
  return { x, y, width, height, encoding, pixels };
}

function setEncodings(encodings: readonly number[]): Buffer {
  const message = Buffer.alloc(4 + 4 * encodings.length);
  message.writeUInt8(2, 0);
  message.writeUInt16BE(encodings.length, 2);
  for (const [index, encoding] of encodings.entries())
    message.writeInt32BE(encoding, 4 + 4 * index);
  return message;
}

function request(incremental: boolean, { x, y, width, height }: Region): Buffer {
  const message = Buffer.from([3, incremental ? 1 : 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  for (const [index, value] of [x, y, width, height].entries())
    message.writeUInt16BE(value, 2 + 2 * index);
  return message;
}

/** One screen that fills the display. */
function setDesktopSize({ width, height }: SessionSize): Buffer {
  const message = Buffer.alloc(24);
  message.writeUInt8(251, 0);
  message.writeUInt16BE(width, 2);
  message.writeUInt16BE(height, 4);
  message.writeUInt8(1, 6);
  message.writeUInt16BE(width, 16);
  message.writeUInt16BE(height, 18);
  return message;
}

function clip(region: Region, { width, height }: SessionSize): Region | undefined {
  const x = Math.max(0, Math.ceil(region.x));
  const y = Math.max(0, Math.ceil(region.y));
  const right = Math.min(width, Math.floor(region.x + region.width));
  const bottom = Math.min(height, Math.floor(region.y + region.height));
  return right > x && bottom > y ? { x, y, width: right - x, height: bottom - y } : undefined;
}

function rowsOf({ y, height }: Region): number[] {
  const count = Math.min(height, SAMPLED_ROWS);
  return Array.from({ length: count }, (_none, index) => y + Math.floor((index * height) / count));
}

/** What pixels of another colour span. */
class Extent {
  #left = Infinity;
  #top = Infinity;
  #right = -Infinity;
  #bottom = -Infinity;

  addOthers({ x, y, width, pixels }: Rectangle, colour: Buffer): void {
    for (let index = 0; index * PIXEL_BYTES < pixels.length; index++) {
      // The fourth byte of a pixel says nothing.
      if (pixels.compare(colour, 0, 3, index * PIXEL_BYTES, index * PIXEL_BYTES + 3) === 0)
        continue;
      const [column, row] = [x + (index % width), y + Math.floor(index / width)];
      this.#left = Math.min(this.#left, column);
      this.#right = Math.max(this.#right, column);
      this.#top = Math.min(this.#top, row);
      this.#bottom = Math.max(this.#bottom, row);
    }
  }

  exceeds(size: number): boolean {
    return this.#right - this.#left > size || this.#bottom - this.#top > size;
  }
}

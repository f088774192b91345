/**
 * Reads what a machine sends that is held to one pixel format (RFC 6143 section 7.6), and writes it
 * with the pixels in the format that the tenant asked for. Streaming: a rectangle of any size is
 * translated as it arrives, and nothing but a message's header or part of a pixel is kept.
 */
import { RFBProtocolError } from "../../common/errors.ts";
import {
  ENCODING_COPY_RECT,
  ENCODING_CURSOR,
  ENCODING_DESKTOP_NAME,
  ENCODING_DESKTOP_SIZE,
  ENCODING_EXTENDED_DESKTOP_SIZE,
  ENCODING_EXTENDED_MOUSE_BUTTONS,
  ENCODING_LAST_RECT,
  ENCODING_QEMU_EXTENDED_KEY,
  ENCODING_QEMU_LED_STATE,
  ENCODING_RAW,
  MAX_CUT_TEXT_BYTES,
  MAX_FENCE_BYTES,
  MAX_NAME_BYTES,
  SERVER_BELL,
  SERVER_CUT_TEXT,
  SERVER_END_OF_CONTINUOUS_UPDATES,
  SERVER_FENCE,
  SERVER_FRAMEBUFFER_UPDATE,
  SERVER_SET_COLOUR_MAP_ENTRIES,
  SERVER_XVP,
} from "../../common/rfb/constants.ts";
import { ColourMap, PixelConverter } from "./pixel-converter.ts";
import type { PixelFormat } from "../../common/rfb/pixel-format.ts";

const UPDATE_HEADER_BYTES = 4;
const RECTANGLE_HEADER_BYTES = 12;
const COLOUR_MAP_ENTRY_BYTES = 6;
const LONGEST_HEADER_BYTES = RECTANGLE_HEADER_BYTES;
/** nRects of an update whose end LastRect marks (rfbproto). */
const UNTIL_LAST_RECT = 0xffff;
/** A header and part of a pixel may have been kept from the chunk before. */
const KEPT_BYTES = LONGEST_HEADER_BYTES + 4;
const BYTES_OF_LARGEST_PIXEL = 4;

/** Takes the bytes that were collected; reads them from `#head`. */
type Step = () => void;

export class ServerMessageTranslator {
  readonly #source: PixelFormat;
  readonly #colourMap = new ColourMap();
  #converter: PixelConverter;
  /** The colour map as the tenant reads it; undefined until pixels need it. */
  #colours: Uint32Array | undefined;
  #wanted: PixelFormat | undefined;

  /** What is read next: some exact bytes and a step, bytes to copy, or pixels. */
  readonly #head = Buffer.alloc(LONGEST_HEADER_BYTES);
  #headLength = 0;
  #headNeed = 1;
  #step: Step = () => this.#onType();
  #copyLeft = 0;
  #pixelBytesLeft = 0;
  readonly #partPixel = Buffer.alloc(BYTES_OF_LARGEST_PIXEL);
  #partPixelLength = 0;

  #rectanglesLeft = 0;
  #maskBytes = 0;
  #coloursLeft = 0;
  #colourIndex = 0;

  #output: Buffer = Buffer.alloc(0);
  #out = 0;

  /**
   * @param held the format that the machine writes
   * @param announced the tenant's format until it asks for another one
   */
  constructor(held: PixelFormat, announced: PixelFormat) {
    this.#source = held;
    this.#converter = new PixelConverter(held, announced);
  }

  /** The tenant asked for a format: true colour, 8, 16 or 32 bits. It counts from the next update on. */
  setTenantFormat(format: PixelFormat): void {
    this.#wanted = format;
  }

  /**
   * Takes the next bytes of the machine.
   * @returns what is for the tenant, new memory of at most four times the size; may be empty
   * @throws {RFBProtocolError} naming a message or encoding that was not asked for, or a length
   */
  translate(chunk: Buffer): Buffer {
    this.#output = Buffer.allocUnsafe(this.#mostOutput(chunk.length));
    this.#out = 0;
    let at = 0;
    while (at < chunk.length) {
      if (this.#copyLeft > 0) at = this.#copy(chunk, at);
      else if (this.#pixelBytesLeft > 0) at = this.#convert(chunk, at);
      else at = this.#collect(chunk, at);
    }
    const result = this.#output.subarray(0, this.#out);
    this.#output = Buffer.alloc(0);
    return result;
  }

  #mostOutput(inputBytes: number): number {
    const largest = Math.max(
      this.#converter.targetBytes,
      (this.#wanted?.bitsPerPixel ?? 0) / 8,
      this.#converter.sourceBytes,
    );
    const growth = largest / this.#converter.sourceBytes;
    return (inputBytes + KEPT_BYTES) * growth;
  }

  /* ---- reading bytes ------------------------------------------------------------------------- */

  #collect(chunk: Buffer, from: number): number {
    const to = Math.min(chunk.length, from + this.#headNeed - this.#headLength);
    chunk.copy(this.#head, this.#headLength, from, to);
    this.#headLength += to - from;
    if (this.#headLength === this.#headNeed) this.#step();
    return to;
  }

  #copy(chunk: Buffer, from: number): number {
    const to = Math.min(chunk.length, from + this.#copyLeft);
    this.#out += chunk.copy(this.#output, this.#out, from, to);
    this.#copyLeft -= to - from;
    return to;
  }

  #convert(chunk: Buffer, from: number): number {
    const { sourceBytes } = this.#converter;
    const to = Math.min(chunk.length, from + this.#pixelBytesLeft);
    let at = from;
    if (this.#partPixelLength > 0) {
      const more = Math.min(to - at, sourceBytes - this.#partPixelLength);
      chunk.copy(this.#partPixel, this.#partPixelLength, at, at + more);
      this.#partPixelLength += more;
      at += more;
      if (this.#partPixelLength === sourceBytes) {
        this.#convertPixels(this.#partPixel, 0, sourceBytes);
        this.#partPixelLength = 0;
      }
    }
    const whole = to - ((to - at) % sourceBytes);
    if (whole > at) this.#convertPixels(chunk, at, whole);
    if (whole < to && this.#partPixelLength === 0)
      this.#partPixelLength = chunk.copy(this.#partPixel, 0, whole, to);
    this.#pixelBytesLeft -= to - from;
    if (this.#pixelBytesLeft === 0) this.#copyLeft = this.#maskBytes;
    return to;
  }

  #convertPixels(input: Buffer, from: number, to: number): void {
    /* Only here: a machine may change its map far more often than it shows anything. */
    this.#colours ??= this.#colourMap.converted(this.#converter);
    this.#out = this.#converter.convert(input, from, to, this.#output, this.#out, this.#colours);
  }

  /** Collects `total` bytes of the message, those already there included, then does `step`. */
  #need(total: number, step: Step): void {
    this.#headNeed = total;
    this.#step = step;
  }

  /** Passes on the collected bytes, then `more` as they come, then reads on with `step`. */
  #pass(more: number, need: number, step: Step): void {
    this.#out += this.#head.copy(this.#output, this.#out, 0, this.#headLength);
    this.#copyLeft = more;
    this.#skip(need, step);
  }

  /** Forgets the collected bytes and reads on. */
  #skip(need: number, step: Step): void {
    this.#headLength = 0;
    this.#need(need, step);
  }

  #passToNextMessage(more: number): void {
    this.#pass(more, 1, () => this.#onType());
  }

  /* ---- messages (RFC 6143 section 7.6) --------------------------------------------------------- */

  #onType(): void {
    const type = this.#head[0]!;
    switch (type) {
      case SERVER_FRAMEBUFFER_UPDATE:
        return this.#need(UPDATE_HEADER_BYTES, () => this.#onUpdate());
      case SERVER_SET_COLOUR_MAP_ENTRIES:
        return this.#need(6, () => this.#onColourMap());
      case SERVER_BELL:
      case SERVER_END_OF_CONTINUOUS_UPDATES:
        return this.#passToNextMessage(0);
      case SERVER_CUT_TEXT:
        return this.#need(8, () => {
          const length = Math.abs(this.#head.readInt32BE(4));
          this.#passToNextMessage(bounded("ServerCutText", length, MAX_CUT_TEXT_BYTES));
        });
      case SERVER_FENCE:
        return this.#need(9, () =>
          this.#passToNextMessage(bounded("ServerFence", this.#head[8]!, MAX_FENCE_BYTES)),
        );
      case SERVER_XVP:
        return this.#need(4, () => this.#passToNextMessage(0));
      default:
        throw new RFBProtocolError(`the host sent a message of unknown type ${type}`);
    }
  }

  #onUpdate(): void {
    if (this.#wanted !== undefined) this.#changeFormat(this.#wanted);
    this.#rectanglesLeft = this.#head.readUInt16BE(2);
    this.#pass(0, 1, () => this.#onType());
    this.#toNextRectangle();
  }

  #changeFormat(format: PixelFormat): void {
    this.#wanted = undefined;
    this.#converter = new PixelConverter(this.#source, format);
    this.#colours = undefined;
  }

  #toNextRectangle(): void {
    if (this.#rectanglesLeft === 0) this.#need(1, () => this.#onType());
    else this.#need(RECTANGLE_HEADER_BYTES, () => this.#onRectangle());
  }

  /** RFC 6143 sections 7.7.1, 7.7.2, 7.8; rfbproto for the other pseudo-encodings. */
  #onRectangle(): void {
    const width = this.#head.readUInt16BE(4);
    const height = this.#head.readUInt16BE(6);
    const encoding = this.#head.readInt32BE(8);
    if (this.#rectanglesLeft !== UNTIL_LAST_RECT) this.#rectanglesLeft -= 1;
    switch (encoding) {
      case ENCODING_RAW:
        return this.#passRectangle(0, width * height);
      case ENCODING_CURSOR:
        return this.#passRectangle(0, width * height, Math.ceil(width / 8) * height);
      case ENCODING_COPY_RECT:
        return this.#passRectangle(4);
      case ENCODING_QEMU_LED_STATE:
        return this.#passRectangle(1);
      case ENCODING_DESKTOP_SIZE:
      case ENCODING_QEMU_EXTENDED_KEY:
      case ENCODING_EXTENDED_MOUSE_BUTTONS:
        return this.#passRectangle(0);
      case ENCODING_LAST_RECT:
        this.#rectanglesLeft = 0;
        return this.#passRectangle(0);
      case ENCODING_DESKTOP_NAME:
        return this.#passHeaderThen(4, () =>
          this.#passRectangle(bounded("DesktopName", this.#head.readUInt32BE(0), MAX_NAME_BYTES)),
        );
      case ENCODING_EXTENDED_DESKTOP_SIZE:
        return this.#passHeaderThen(4, () => this.#passRectangle(16 * this.#head[0]!));
      default:
        throw new RFBProtocolError(
          `FramebufferUpdate: the host used encoding ${encoding}, which it was not offered`,
        );
    }
  }

  /** Passes on what was collected and the rest of the rectangle: bytes, or pixels and a mask. */
  #passRectangle(bytes: number, pixels = 0, maskBytes = 0): void {
    this.#pixelBytesLeft = pixels * this.#converter.sourceBytes;
    this.#maskBytes = maskBytes;
    this.#pass(bytes, 1, () => this.#onType());
    this.#toNextRectangle();
  }

  #passHeaderThen(need: number, step: Step): void {
    this.#pass(0, need, step);
  }

  /** RFC 6143 section 7.6.2. The tenant reads true colour, so it is kept here and not passed on. */
  #onColourMap(): void {
    this.#colourIndex = this.#head.readUInt16BE(2);
    this.#coloursLeft = this.#head.readUInt16BE(4);
    this.#toNextColour();
  }

  #toNextColour(): void {
    if (this.#coloursLeft > 0) return this.#skip(COLOUR_MAP_ENTRY_BYTES, () => this.#onColour());
    this.#skip(1, () => this.#onType());
  }

  #onColour(): void {
    this.#setColour();
    this.#colourIndex += 1;
    this.#coloursLeft -= 1;
    this.#toNextColour();
  }

  #setColour(): void {
    if (this.#source.trueColour) return;
    const [red, green, blue] = [0, 2, 4].map((at) => this.#head.readUInt16BE(at));
    this.#colourMap.set(this.#colourIndex, red ?? 0, green ?? 0, blue ?? 0);
    this.#colours = undefined;
  }
}

function bounded(what: string, value: number, limit: number): number {
  if (value <= limit) return value;
  throw new RFBProtocolError(`${what}: at most ${limit} bytes expected, got ${value}`);
}

/**
 * Converts pixels from one PIXEL_FORMAT to another by table: one small table a colour component for
 * true colour, one for the whole pixel where the source has a colour map. Values are scaled to the
 * target's range and rounded to the nearest.
 */
import type { PixelFormat } from "../../common/rfb/pixel-format.ts";

/** RFC 6143 section 7.6.2: colour map components are 16 bits. */
const COLOUR_MAP_MAX = 65_535;
const MAX_INDEXED_COLOURS = 256;

export class PixelConverter {
  readonly sourceBytes: number;
  readonly targetBytes: number;
  readonly #source: PixelFormat;
  readonly #target: PixelFormat;
  readonly #red: Uint32Array;
  readonly #green: Uint32Array;
  readonly #blue: Uint32Array;
  #scratch = new Uint32Array(0);

  constructor(source: PixelFormat, target: PixelFormat) {
    this.#source = source;
    this.#target = target;
    this.sourceBytes = source.bitsPerPixel / 8;
    this.targetBytes = target.bitsPerPixel / 8;
    const [red, green, blue] = source.trueColour
      ? [source.redMax, source.greenMax, source.blueMax]
      : [0, 0, 0];
    this.#red = componentTable(red, target.redMax, target.redShift, target);
    this.#green = componentTable(green, target.greenMax, target.greenShift, target);
    this.#blue = componentTable(blue, target.blueMax, target.blueShift, target);
  }

  /**
   * Converts whole pixels.
   * @param from where the pixels are in `input`, up to `to`, a multiple of `sourceBytes` further on
   * @param colours of the source's colour map, in the form of `colour`; for a source without true colour
   * @returns where the next pixel goes in `output`
   */
  convert(
    input: Buffer,
    from: number,
    to: number,
    output: Buffer,
    outputFrom: number,
    colours: Uint32Array,
  ): number {
    const pixels = (to - from) / this.sourceBytes;
    const values = this.#values(pixels);
    if (this.#source.trueColour) this.#readTrueColour(input, from, pixels, values);
    else this.#readIndexed(input, from, pixels, values, colours);
    return writeValues(values, pixels, this.targetBytes, output, outputFrom);
  }

  /** Room for as many target pixels as a chunk brings; grows to the largest chunk seen. */
  #values(pixels: number): Uint32Array {
    if (this.#scratch.length < pixels) this.#scratch = new Uint32Array(pixels);
    return this.#scratch;
  }

  #readTrueColour(input: Buffer, from: number, pixels: number, values: Uint32Array): void {
    const { bigEndian, redShift, greenShift, blueShift } = this.#source;
    const { redMax, greenMax, blueMax } = this.#source;
    const red = this.#red;
    const green = this.#green;
    const blue = this.#blue;
    const step = this.sourceBytes;
    let at = from;
    for (let index = 0; index < pixels; index += 1) {
      const pixel = readPixel(input, at, step, bigEndian);
      values[index] =
        red[(pixel >>> redShift) & redMax]! |
        green[(pixel >>> greenShift) & greenMax]! |
        blue[(pixel >>> blueShift) & blueMax]!;
      at += step;
    }
  }

  #readIndexed(
    input: Buffer,
    from: number,
    pixels: number,
    values: Uint32Array,
    colours: Uint32Array,
  ): void {
    const { bigEndian } = this.#source;
    const step = this.sourceBytes;
    for (let index = 0; index < pixels; index += 1) {
      const pixel = readPixel(input, from + index * step, step, bigEndian);
      values[index] = colours[pixel & (MAX_INDEXED_COLOURS - 1)]!;
    }
  }

  /** One colour map entry, components of 16 bits, as the target writes it. */
  colour(red: number, green: number, blue: number): number {
    const { redMax, greenMax, blueMax, redShift, greenShift, blueShift } = this.#target;
    const value =
      (scale(red, COLOUR_MAP_MAX, redMax) << redShift) |
      (scale(green, COLOUR_MAP_MAX, greenMax) << greenShift) |
      (scale(blue, COLOUR_MAP_MAX, blueMax) << blueShift);
    return inWriteOrder(value, this.#target);
  }
}

/**
 * The colour map of a machine without true colour, kept so that it can be converted to whatever format
 * the tenant asks for.
 */
export class ColourMap {
  readonly #components = new Uint16Array(MAX_INDEXED_COLOURS * 3);

  /** Sets one entry; indices beyond 256 colours are ignored, as no pixel of 8 bits can name them. */
  set(index: number, red: number, green: number, blue: number): void {
    if (index < MAX_INDEXED_COLOURS) this.#components.set([red, green, blue], index * 3);
  }

  /** Every entry as the converter's target writes it. */
  converted(converter: PixelConverter): Uint32Array {
    const colours = new Uint32Array(MAX_INDEXED_COLOURS);
    for (let index = 0; index < MAX_INDEXED_COLOURS; index += 1) {
      const [red = 0, green = 0, blue = 0] = this.#components.subarray(index * 3, index * 3 + 3);
      colours[index] = converter.colour(red, green, blue);
    }
    return colours;
  }
}

/** Writes pixels whose bytes are already in the order of little-endian. */
function writeValues(
  values: Uint32Array,
  pixels: number,
  bytes: number,
  output: Buffer,
  outputFrom: number,
): number {
  let out = outputFrom;
  if (bytes === 4) {
    const view = new DataView(output.buffer, output.byteOffset, output.byteLength);
    for (let index = 0; index < pixels; index += 1, out += 4)
      view.setUint32(out, values[index]!, true);
  } else if (bytes === 2) {
    for (let index = 0; index < pixels; index += 1, out += 2) {
      output[out] = values[index]!;
      output[out + 1] = values[index]! >>> 8;
    }
  } else {
    for (let index = 0; index < pixels; index += 1, out += 1) output[out] = values[index]!;
  }
  return out;
}

function readPixel(input: Buffer, at: number, bytes: number, bigEndian: boolean): number {
  if (bytes === 1) return input[at]!;
  if (bytes === 2)
    return bigEndian ? (input[at]! << 8) | input[at + 1]! : input[at]! | (input[at + 1]! << 8);
  return bigEndian
    ? (input[at]! << 24) | (input[at + 1]! << 16) | (input[at + 2]! << 8) | input[at + 3]!
    : input[at]! | (input[at + 1]! << 8) | (input[at + 2]! << 16) | (input[at + 3]! << 24);
}

/** Target bits of each value that a component of the source can have. */
function componentTable(
  sourceMax: number,
  targetMax: number,
  targetShift: number,
  target: PixelFormat,
): Uint32Array {
  const table = new Uint32Array(sourceMax + 1);
  for (let value = 0; value <= sourceMax; value += 1)
    table[value] = inWriteOrder(scale(value, sourceMax, targetMax) << targetShift, target);
  return table;
}

function scale(value: number, sourceMax: number, targetMax: number): number {
  return sourceMax === 0 ? 0 : Math.round((value * targetMax) / sourceMax);
}

/** The bytes swapped for big-endian targets, so that all are written from the lowest byte on. */
function inWriteOrder(value: number, target: PixelFormat): number {
  if (!target.bigEndian || target.bitsPerPixel === 8) return value;
  if (target.bitsPerPixel === 16) return ((value & 0xff) << 8) | ((value >>> 8) & 0xff);
  return (
    (value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | ((value >>> 24) & 0xff)
  );
}

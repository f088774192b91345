/** PIXEL_FORMAT (RFC 6143 section 7.4): sixteen bytes that say how a pixel is written. */

export const PIXEL_FORMAT_BYTES = 16;

export interface PixelFormat {
  /** 8, 16 or 32. */
  readonly bitsPerPixel: number;
  readonly depth: number;
  readonly bigEndian: boolean;
  /** False: pixels are indices into a colour map. */
  readonly trueColour: boolean;
  /** Largest value of each component, 2^n - 1 by the specification. */
  readonly redMax: number;
  readonly greenMax: number;
  readonly blueMax: number;
  /** How far a pixel is shifted right to reach each component. */
  readonly redShift: number;
  readonly greenShift: number;
  readonly blueShift: number;
}

/** Reads one. Any sixteen bytes are one; `pixelFormatProblem` says whether it makes sense. */
export function parsePixelFormat(bytes: Buffer): PixelFormat {
  return {
    bitsPerPixel: bytes.readUInt8(0),
    depth: bytes.readUInt8(1),
    bigEndian: bytes.readUInt8(2) !== 0,
    trueColour: bytes.readUInt8(3) !== 0,
    redMax: bytes.readUInt16BE(4),
    greenMax: bytes.readUInt16BE(6),
    blueMax: bytes.readUInt16BE(8),
    redShift: bytes.readUInt8(10),
    greenShift: bytes.readUInt8(11),
    blueShift: bytes.readUInt8(12),
  };
}

export function encodePixelFormat(format: PixelFormat): Buffer {
  const bytes = Buffer.alloc(PIXEL_FORMAT_BYTES);
  bytes.writeUInt8(format.bitsPerPixel, 0);
  bytes.writeUInt8(format.depth, 1);
  bytes.writeUInt8(format.bigEndian ? 1 : 0, 2);
  bytes.writeUInt8(format.trueColour ? 1 : 0, 3);
  bytes.writeUInt16BE(format.redMax, 4);
  bytes.writeUInt16BE(format.greenMax, 6);
  bytes.writeUInt16BE(format.blueMax, 8);
  bytes.writeUInt8(format.redShift, 10);
  bytes.writeUInt8(format.greenShift, 11);
  bytes.writeUInt8(format.blueShift, 12);
  return bytes;
}

/** @returns what is wrong with a format, undefined when nothing is */
export function pixelFormatProblem(format: PixelFormat): string | undefined {
  const { bitsPerPixel } = format;
  if (bitsPerPixel !== 8 && bitsPerPixel !== 16 && bitsPerPixel !== 32)
    return `${bitsPerPixel} bits per pixel`;
  if (!format.trueColour) return undefined;
  const components: [string, number, number][] = [
    ["red", format.redMax, format.redShift],
    ["green", format.greenMax, format.greenShift],
    ["blue", format.blueMax, format.blueShift],
  ];
  for (const [name, max, shift] of components) {
    if (max === 0 || (max & (max + 1)) !== 0) return `${name} maximum ${max}`;
    if (shift + (32 - Math.clz32(max)) > bitsPerPixel) return `${name} shift ${shift}`;
  }
  return undefined;
}

/** 32 bits, blue in the lowest byte: what most machines and viewers speak. */
export const RGB888: PixelFormat = {
  bitsPerPixel: 32,
  depth: 24,
  bigEndian: false,
  trueColour: true,
  redMax: 255,
  greenMax: 255,
  blueMax: 255,
  redShift: 16,
  greenShift: 8,
  blueShift: 0,
};

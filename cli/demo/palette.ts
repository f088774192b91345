/** The 16 colours of the demo screen in a viewer's own pixel format (RFC 6143 section 7.4). */
import { SERVER_SET_COLOUR_MAP_ENTRIES } from "../../common/rfb/constants.ts";
import { pixelFormatProblem, type PixelFormat } from "../../common/rfb/pixel-format.ts";
import { PALETTE } from "./screen.ts";

/** Whether {@link encodePalette} can write it; a colour map has room for indices of 8 bits only. */
export function isWritable(format: PixelFormat): boolean {
  if (pixelFormatProblem(format) !== undefined) return false;
  return format.trueColour || format.bitsPerPixel === 8;
}

/** @returns the bytes of one pixel for every colour of the palette */
export function encodePalette(format: PixelFormat): Buffer[] {
  return PALETTE.map(([red, green, blue], index) => {
    const scaled = (value: number, max: number): number => Math.round((value * max) / 255);
    const value = format.trueColour
      ? scaled(red, format.redMax) * 2 ** format.redShift +
        scaled(green, format.greenMax) * 2 ** format.greenShift +
        scaled(blue, format.blueMax) * 2 ** format.blueShift
      : index;
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value % 2 ** 32);
    const pixel = bytes.subarray(4 - format.bitsPerPixel / 8);
    return format.bigEndian ? pixel : Buffer.from(pixel.toReversed());
  });
}

/** SetColourMapEntries (RFC 6143 section 7.6.2) for viewers without true colour. */
export function colourMapMessage(): Buffer {
  const bytes = Buffer.alloc(6 + PALETTE.length * 6);
  bytes.writeUInt8(SERVER_SET_COLOUR_MAP_ENTRIES, 0);
  bytes.writeUInt16BE(0, 2);
  bytes.writeUInt16BE(PALETTE.length, 4);
  for (const [index, colour] of PALETTE.entries())
    for (const [part, value] of colour.entries())
      bytes.writeUInt16BE(value * 257, 6 + index * 6 + part * 2);
  return bytes;
}

/** Pixel formats that machines are held to, and the message that does it. */
import type { ConsoleQuirks } from "../../common/console-endpoint.ts";
import { CLIENT_SET_PIXEL_FORMAT } from "../../common/rfb/constants.ts";
import { encodePixelFormat, RGB888, type PixelFormat } from "../../common/rfb/pixel-format.ts";

/** The whole SetPixelFormat message (RFC 6143 section 7.5.1). */
export function encodeSetPixelFormat(format: PixelFormat): Buffer {
  return Buffer.concat([
    Buffer.from([CLIENT_SET_PIXEL_FORMAT, 0, 0, 0]),
    encodePixelFormat(format),
  ]);
}

const RGB565: PixelFormat = {
  bitsPerPixel: 16,
  depth: 16,
  bigEndian: false,
  trueColour: true,
  redMax: 31,
  greenMax: 63,
  blueMax: 31,
  redShift: 11,
  greenShift: 5,
  blueShift: 0,
};
/** FACT(novnc/noVNC#385): an iDRAC's own ServerInit says 16 bits, depth 15. */
const RGB555: PixelFormat = { ...RGB565, depth: 15, greenMax: 31, redShift: 10 };

/**
 * The format that a machine is held to.
 * @param native the one its ServerInit states
 */
export function heldPixelFormat(
  wanted: NonNullable<ConsoleQuirks["pixelFormat"]>,
  native: PixelFormat,
): PixelFormat {
  return { rgb565: RGB565, rgb555: RGB555, rgb888: RGB888, native }[wanted];
}

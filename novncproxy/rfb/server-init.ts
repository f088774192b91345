/**
 * ServerInit (RFC 6143 section 7.3.2): the machine's screen size, pixel format and name. Read as a
 * whole, so that the tenant can be sent it in one frame, and written anew when a quirk changes it. The
 * name is for the tenant alone and is not looked at.
 */
import { RFBProtocolError } from "../../common/errors.ts";
import type { ByteChannel } from "../../common/rfb/byte-channel.ts";
import { MAX_NAME_BYTES, READ_SERVER_INIT } from "../../common/rfb/constants.ts";
import {
  encodePixelFormat,
  parsePixelFormat,
  PIXEL_FORMAT_BYTES,
  type PixelFormat,
} from "../../common/rfb/pixel-format.ts";

const FIXED_BYTES = 24;
const PIXEL_FORMAT_AT = 4;
const NAME_LENGTH_AT = PIXEL_FORMAT_AT + PIXEL_FORMAT_BYTES;

export interface ServerInit {
  readonly width: number;
  readonly height: number;
  readonly pixelFormat: PixelFormat;
  /** The message exactly as it came; a copy, valid as long as one likes. */
  readonly bytes: Buffer;
}

/**
 * Reads it.
 * @throws {RFBProtocolError} a name beyond 64 KiB
 * @throws {HostError} family, from the channel
 */
export async function readServerInit(channel: ByteChannel): Promise<ServerInit> {
  const fixed = Buffer.from(await channel.read(READ_SERVER_INIT, FIXED_BYTES));
  const nameLength = fixed.readUInt32BE(NAME_LENGTH_AT);
  if (nameLength > MAX_NAME_BYTES)
    throw new RFBProtocolError(
      `ServerInit: a name of at most ${MAX_NAME_BYTES} bytes expected, got one of ${nameLength}`,
    );
  const pixelFormat = parsePixelFormat(fixed.subarray(PIXEL_FORMAT_AT, NAME_LENGTH_AT));
  const name =
    nameLength === 0 ? Buffer.alloc(0) : await channel.read(READ_SERVER_INIT, nameLength);
  return {
    width: fixed.readUInt16BE(0),
    height: fixed.readUInt16BE(2),
    pixelFormat,
    bytes: Buffer.concat([fixed, name]),
  };
}

/** The same message with another pixel format. */
export function encodeServerInit(init: ServerInit, pixelFormat: PixelFormat): Buffer {
  const bytes = Buffer.from(init.bytes);
  encodePixelFormat(pixelFormat).copy(bytes, PIXEL_FORMAT_AT);
  return bytes;
}

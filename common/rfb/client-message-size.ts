/**
 * How long the messages are that a viewer may send (RFC 6143 section 7.5; rfbproto for the rest): how many
 * first bytes tell a message's length, and what they tell. Arithmetic, no state.
 */
import { TenantProtocolError } from "../errors.ts";
import {
  CLIENT_CUT_TEXT,
  CLIENT_ENABLE_CONTINUOUS_UPDATES,
  CLIENT_FENCE,
  CLIENT_FRAMEBUFFER_UPDATE_REQUEST,
  CLIENT_KEY_EVENT,
  CLIENT_POINTER_EVENT,
  CLIENT_QEMU,
  CLIENT_SET_DESKTOP_SIZE,
  CLIENT_SET_ENCODINGS,
  CLIENT_SET_PIXEL_FORMAT,
  CLIENT_XVP,
  MAX_CUT_TEXT_BYTES,
  MAX_ENCODINGS,
  MAX_FENCE_BYTES,
} from "./constants.ts";

export const LONGEST_HEADER_BYTES = 9;
/** Extended mouse buttons (rfbproto): this bit of the mask says that one more byte follows. */
const POINTER_MARKER = 0x80;
const QEMU_EXTENDED_KEY_EVENT = 0;
const QEMU_AUDIO = 1;
const QEMU_AUDIO_SET_FORMAT = 2;

/**
 * @param head the message's first bytes, at least one
 * @param known how many of them are there
 * @returns how many must be there before `sizeOf` can be asked; 0 when the type is unknown
 */
export function headerBytesOf(head: Buffer, known: number): number {
  switch (head.readUInt8(0)) {
    case CLIENT_SET_PIXEL_FORMAT:
    case CLIENT_FRAMEBUFFER_UPDATE_REQUEST:
    case CLIENT_KEY_EVENT:
    case CLIENT_ENABLE_CONTINUOUS_UPDATES:
    case CLIENT_XVP:
      return 1;
    case CLIENT_POINTER_EVENT:
      return 2;
    case CLIENT_SET_ENCODINGS:
      return 4;
    case CLIENT_SET_DESKTOP_SIZE:
      return 7;
    case CLIENT_CUT_TEXT:
      return 8;
    case CLIENT_FENCE:
      return 9;
    case CLIENT_QEMU:
      return known >= 2 && head[1] === QEMU_AUDIO ? 4 : 2;
    default:
      return 0;
  }
}

/**
 * @param head as many first bytes as `headerBytesOf` asked for
 * @param extendedPointer whether a PointerEvent may have a seventh byte
 * @returns the whole message's length in bytes; undefined for an unknown subtype
 * @throws {TenantProtocolError} for a length beyond its limit
 */
export function sizeOf(head: Buffer, extendedPointer: boolean): number | undefined {
  switch (head.readUInt8(0)) {
    case CLIENT_SET_PIXEL_FORMAT:
      return 20;
    case CLIENT_FRAMEBUFFER_UPDATE_REQUEST:
    case CLIENT_ENABLE_CONTINUOUS_UPDATES:
      return 10;
    case CLIENT_KEY_EVENT:
      return 8;
    case CLIENT_POINTER_EVENT:
      return extendedPointer && (head[1]! & POINTER_MARKER) !== 0 ? 7 : 6;
    case CLIENT_XVP:
      return 4;
    case CLIENT_SET_ENCODINGS:
      return 4 + 4 * bounded("SetEncodings: encodings", head.readUInt16BE(2), MAX_ENCODINGS);
    case CLIENT_SET_DESKTOP_SIZE:
      return 8 + 16 * head.readUInt8(6);
    case CLIENT_CUT_TEXT: {
      // rfbproto, "Extended Clipboard": a negative length is that of an extended message.
      const length = Math.abs(head.readInt32BE(4));
      return 8 + bounded("ClientCutText: bytes of text", length, MAX_CUT_TEXT_BYTES);
    }
    case CLIENT_FENCE:
      return 9 + bounded("ClientFence: bytes of payload", head.readUInt8(8), MAX_FENCE_BYTES);
    case CLIENT_QEMU:
      return qemuSize(head);
    default:
      return undefined;
  }
}

/** rfbproto, "QEMU Client Message". */
function qemuSize(head: Buffer): number | undefined {
  if (head[1] === QEMU_EXTENDED_KEY_EVENT) return 12;
  if (head[1] !== QEMU_AUDIO) return undefined;
  const operation = head.readUInt16BE(2);
  if (operation > QEMU_AUDIO_SET_FORMAT) return undefined;
  return operation === QEMU_AUDIO_SET_FORMAT ? 10 : 4;
}

function bounded(what: string, value: number, limit: number): number {
  if (value <= limit) return value;
  throw new TenantProtocolError(`${what}: at most ${limit} expected, got ${value}`);
}

/**
 * Writes WebSocket frames (RFC 6455 section 5.2) as a server sends them: unmasked, unfragmented, no
 * extension. Headers are written into room that the caller kept before the payload, so that a frame
 * is one contiguous piece of memory. Knows nothing of sockets.
 */

export const OPCODE = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const;

/** Longest header of an unmasked frame: 2 bytes and a 64-bit length. */
export const HEADER_ROOM = 10;
/** Longest payload of a control frame, RFC 6455 section 5.5. */
export const MAX_CONTROL_PAYLOAD = 125;

const FIN = 0x80;
const LENGTH_16 = 126;
const LENGTH_64 = 127;

/**
 * Writes the header of a final frame so that it ends at `payloadStart`.
 * @param backing memory whose payload begins at `payloadStart`, which is at least HEADER_ROOM
 * @returns where the frame begins
 */
export function writeHeaderBefore(
  backing: Buffer,
  payloadStart: number,
  payloadLength: number,
  opcode: number,
): number {
  if (payloadLength < LENGTH_16) {
    const start = payloadStart - 2;
    backing[start] = FIN | opcode;
    backing[start + 1] = payloadLength;
    return start;
  }
  if (payloadLength <= 0xffff) {
    const start = payloadStart - 4;
    backing[start] = FIN | opcode;
    backing[start + 1] = LENGTH_16;
    backing[start + 2] = payloadLength >>> 8;
    backing[start + 3] = payloadLength & 0xff;
    return start;
  }
  const start = payloadStart - HEADER_ROOM;
  backing[start] = FIN | opcode;
  backing[start + 1] = LENGTH_64;
  backing.writeUInt32BE(Math.floor(payloadLength / 0x1_0000_0000), start + 2);
  backing.writeUInt32BE(payloadLength >>> 0, start + 6);
  return start;
}

/** The header alone, for payloads that stand in memory without room before them. */
export function encodeHeader(opcode: number, payloadLength: number): Buffer {
  const backing = Buffer.allocUnsafe(HEADER_ROOM);
  return backing.subarray(writeHeaderBefore(backing, HEADER_ROOM, payloadLength, opcode));
}

/** A whole frame with a copy of the payload; for small messages. */
export function encodeFrame(opcode: number, payload: Uint8Array): Buffer {
  const backing = Buffer.allocUnsafe(HEADER_ROOM + payload.length);
  backing.set(payload, HEADER_ROOM);
  return backing.subarray(writeHeaderBefore(backing, HEADER_ROOM, payload.length, opcode));
}

/**
 * A close frame, RFC 6455 section 5.5.1.
 * @param code close code; undefined makes an empty close frame
 * @param reason ASCII, at most 123 bytes
 */
export function encodeClose(code: number | undefined, reason = ""): Buffer {
  if (code === undefined) return encodeFrame(OPCODE.close, Buffer.alloc(0));
  const payload = Buffer.allocUnsafe(2 + Buffer.byteLength(reason));
  payload.writeUInt16BE(code, 0);
  payload.write(reason, 2);
  return encodeFrame(OPCODE.close, payload);
}

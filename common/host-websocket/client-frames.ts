/**
 * Writes WebSocket frames as a client sends them (RFC 6455 section 5.3): whole messages, masked with a new
 * random key each. Knows nothing of sockets.
 */
import { randomFillSync } from "node:crypto";

const FIN = 0x80;
const MASKED = 0x80;
const KEY_BYTES = 4;
/** Random bytes are fetched for so many frames at once. */
const KEYS_AT_ONCE = 64;

export class ClientFrameWriter {
  readonly #keys = Buffer.alloc(KEY_BYTES * KEYS_AT_ONCE);
  #nextKey = this.#keys.length;

  /** @returns the frame, in memory of its own */
  frame(opcode: number, payload: Uint8Array): Buffer {
    const { length } = payload;
    const extended = length < 126 ? 0 : length <= 0xffff ? 2 : 8;
    const start = 2 + extended + KEY_BYTES;
    const bytes = Buffer.allocUnsafe(start + length);
    bytes[0] = FIN | opcode;
    if (extended === 0) bytes[1] = MASKED | length;
    else if (extended === 2) {
      bytes[1] = MASKED | 126;
      bytes.writeUInt16BE(length, 2);
    } else {
      bytes[1] = MASKED | 127;
      bytes.writeBigUInt64BE(BigInt(length), 2);
    }
    const key = this.#takeKey();
    this.#keys.copy(bytes, start - KEY_BYTES, key, key + KEY_BYTES);
    for (let at = 0; at < length; at += 1)
      bytes[start + at] = payload[at]! ^ this.#keys[key + (at & 3)]!;
    return bytes;
  }

  #takeKey(): number {
    if (this.#nextKey === this.#keys.length) {
      randomFillSync(this.#keys);
      this.#nextKey = 0;
    }
    const key = this.#nextKey;
    this.#nextKey += KEY_BYTES;
    return key;
  }
}

/**
 * Bytes of a serial line on their way to many viewers: the same memory for all of them, and each
 * WebSocket form of it made once, when the first viewer needs it. Never changes.
 */
import { encodeFrame, OPCODE } from "../ws-frame.ts";

export class LineChunk {
  readonly bytes: Buffer;
  #binary: Buffer | undefined;
  #base64: Buffer | undefined;

  /** @param bytes which nobody changes from now on */
  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get length(): number {
    return this.bytes.length;
  }

  /** A whole binary WebSocket frame. */
  get binaryFrame(): Buffer {
    this.#binary ??= encodeFrame(OPCODE.binary, this.bytes);
    return this.#binary;
  }

  /** A whole text frame with the bytes in base64, for the sub-protocol of that name. */
  get base64Frame(): Buffer {
    this.#base64 ??= encodeFrame(OPCODE.text, Buffer.from(this.bytes.toString("base64"), "latin1"));
    return this.#base64;
  }
}

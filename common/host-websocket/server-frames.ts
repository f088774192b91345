/**
 * Reads what a WebSocket server sends (RFC 6455 section 5) in chunks cut anywhere. Payloads stay where they
 * are; those of further frames in one chunk are moved up to the first, so that a chunk leaves as one piece.
 *
 * Never buffers data, never answers. Only binary messages are known here: RFB and serial lines have no text.
 */
import { HostError } from "../errors.ts";

export interface ServerFrameListener {
  /** @param payload which is good until the call returns, as for the others */
  onPing(payload: Buffer): void;
  onPong(payload: Buffer): void;
  /** Last. @param code 1005 when the frame carried none */
  onClose(code: number, reason: string): void;
}

export const OPCODE = { continuation: 0, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** A bound on nonsense, as no frame is ever held in memory. */
const MAX_FRAME_BYTES = 64 * 1024 * 1024;
const MAX_CONTROL_BYTES = 125;
/** 2 bytes and a 64-bit length. */
const LONGEST_HEADER = 10;
const NO_BYTES = Buffer.alloc(0);
const NO_CODE = 1005;

export class ServerFrameReader {
  readonly #listener: ServerFrameListener;
  #header: Buffer | undefined;
  #headerLength = 0;
  #opcode = 0;
  /** Payload bytes of the present frame that have not come. */
  #left = 0;
  #insideMessage = false;
  #control: Buffer = NO_BYTES;
  #closed = false;

  constructor(listener: ServerFrameListener) {
    this.#listener = listener;
  }

  /**
   * Takes the next bytes, among which it may move some.
   * @returns the data in it, in the same memory; empty when there is none
   * @throws {HostError} for anything the RFC forbids a server; the reader is of no use after that
   */
  read(chunk: Buffer): Buffer {
    let at = 0;
    let from = -1;
    let to = -1;
    while (at < chunk.length && !this.#closed) {
      if (this.#left === 0) {
        at = this.#readHeader(chunk, at);
        if (at < 0) break;
        if (this.#left === 0) {
          this.#endFrame();
          continue;
        }
      }
      const take = Math.min(this.#left, chunk.length - at);
      if (this.#opcode >= OPCODE.close)
        this.#control = Buffer.concat([this.#control, chunk.subarray(at, at + take)]);
      else if (from < 0) {
        from = at;
        to = at + take;
      } else {
        if (to !== at) chunk.copyWithin(to, at, at + take);
        to += take;
      }
      at += take;
      this.#left -= take;
      if (this.#left === 0) this.#endFrame();
    }
    return from < 0 ? NO_BYTES : chunk.subarray(from, to);
  }

  /** @returns where the payload begins, or -1 when the header goes on in the next chunk */
  #readHeader(chunk: Buffer, start: number): number {
    if (this.#headerLength === 0) {
      const length = headerLength(chunk, start, chunk.length - start);
      if (length > 0 && chunk.length - start >= length) {
        this.#openFrame(chunk, start);
        return start + length;
      }
    }
    const header = (this.#header ??= Buffer.alloc(LONGEST_HEADER));
    for (let at = start; at < chunk.length;) {
      header[this.#headerLength++] = chunk[at++]!;
      const length = headerLength(header, 0, this.#headerLength);
      if (length === 0 || this.#headerLength < length) continue;
      this.#headerLength = 0;
      this.#openFrame(header, 0);
      return at;
    }
    return -1;
  }

  #openFrame(bytes: Buffer, at: number): void {
    const first = bytes[at]!;
    const second = bytes[at + 1]!;
    const opcode = first & 0x0f;
    const final = (first & 0x80) !== 0;
    if ((first & 0x70) !== 0) throw breach("a frame has a reserved bit");
    if ((second & 0x80) !== 0) throw breach("a frame is masked");
    let length = second & 0x7f;
    if (length === 126) length = bytes.readUInt16BE(at + 2);
    else if (length === 127)
      length = bytes.readUInt32BE(at + 2) * 0x1_0000_0000 + bytes.readUInt32BE(at + 6);
    if (opcode >= OPCODE.close) checkControl(opcode, final, length);
    else this.#checkData(opcode, final, length);
    this.#opcode = opcode;
    this.#left = length;
  }

  #checkData(opcode: number, final: boolean, length: number): void {
    if (opcode !== OPCODE.continuation && opcode !== OPCODE.binary)
      throw breach(opcode === 1 ? "a frame is text" : `a frame has the unknown opcode ${opcode}`);
    if ((opcode === OPCODE.continuation) !== this.#insideMessage)
      throw breach(
        this.#insideMessage ? "a message begins inside another" : "a frame continues no message",
      );
    if (length > MAX_FRAME_BYTES) throw breach("a frame is too long");
    this.#insideMessage = !final;
  }

  #endFrame(): void {
    if (this.#opcode < OPCODE.close) return;
    const payload = this.#control;
    this.#control = NO_BYTES;
    if (this.#opcode === OPCODE.ping) this.#listener.onPing(payload);
    else if (this.#opcode === OPCODE.pong) this.#listener.onPong(payload);
    else {
      this.#closed = true;
      const code = payload.length < 2 ? NO_CODE : payload.readUInt16BE(0);
      this.#listener.onClose(code, payload.subarray(2).toString("utf8"));
    }
  }
}

/** @returns length of the header that begins at `at`, or 0 when fewer than two bytes are known */
function headerLength(bytes: Buffer, at: number, known: number): number {
  if (known < 2) return 0;
  const length = bytes[at + 1]! & 0x7f;
  const masked = (bytes[at + 1]! & 0x80) !== 0;
  /* a masked one is refused as soon as its second byte is known */
  return masked || length < 126 ? 2 : length === 126 ? 4 : LONGEST_HEADER;
}

function checkControl(opcode: number, final: boolean, length: number): void {
  if (opcode > OPCODE.pong) throw breach(`a frame has the unknown opcode ${opcode}`);
  if (!final) throw breach("a control frame is fragmented");
  if (length > MAX_CONTROL_BYTES) throw breach("a control frame is too long");
}

function breach(what: string): HostError {
  return new HostError(`the host's WebSocket is broken: ${what}`);
}

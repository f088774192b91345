/**
 * Reads what a browser sends: WebSocket frames (RFC 6455 section 5) in chunks cut anywhere. Binary
 * payloads are unmasked and moved together in the chunk itself, so that all frames of one chunk leave
 * as one piece. Between chunks nothing is kept but a partial header, a control frame and a short text.
 *
 * Never buffers binary data, never answers: what a frame means is the listener's business.
 */
import { isUtf8 } from "node:buffer";
import { TenantProtocolError } from "../common/errors.ts";
import { MAX_CONTROL_PAYLOAD, OPCODE } from "./ws-frame.ts";
import { unmaskTo } from "./ws-unmask.ts";

/** Longest text message, whole; ours are one small JSON object. */
export const MAX_TEXT_BYTES = 4096;
/** Longest single frame; a bound on nonsense, as no frame is ever held in memory. */
export const MAX_FRAME_BYTES = 64 * 1024 * 1024;

export interface FrameListener {
  /** @param before clear payload bytes of the same chunk that came before it */
  onText(text: string, before: number): void;
  onPing(payload: Buffer): void;
  onPong(): void;
  /** @param code 1005 when the frame carried none */
  onClose(code: number): void;
}

const NO_BYTES = Buffer.alloc(0);
/** 2 bytes, a 64-bit length and the key. */
const LONGEST_HEADER = 14;

export class FrameParser {
  readonly #listener: FrameListener;
  readonly #textIsData: boolean;
  /** Header bytes of a frame whose header is not complete; made when first needed. */
  #header: Buffer | undefined;
  #headerLength = 0;

  #opcode = 0;
  #final = true;
  #mask = 0;
  #left = 0;
  /** Payload bytes of the present frame seen so far, modulo 4. */
  #phase = 0;
  /** Type of the message that continuation frames continue; 0 for none. */
  #message = 0;
  /** Collects a control frame or a text message. */
  #control: Buffer = NO_BYTES;
  #text: Buffer = NO_BYTES;
  #closed = false;

  /** @param options `textIsData`: payloads of text frames are data like those of binary ones */
  constructor(listener: FrameListener, options: { readonly textIsData?: boolean } = {}) {
    this.#listener = listener;
    this.#textIsData = options.textIsData ?? false;
  }

  /**
   * Takes the next bytes, which it overwrites.
   * @returns how many clear binary payload bytes now stand at the beginning of `chunk`
   * @throws {TenantProtocolError} for anything the RFC forbids; the parser is of no use after that
   */
  parse(chunk: Buffer): number {
    let at = 0;
    let out = 0;
    while (!this.#closed) {
      if (this.#left === 0) {
        if (at === chunk.length) break;
        at = this.#readHeader(chunk, at);
        if (at < 0) break;
        if (this.#left === 0) {
          this.#endFrame(out);
          continue;
        }
      }
      const take = Math.min(this.#left, chunk.length - at);
      if (take === 0) break;
      const keeps = this.#opcode !== OPCODE.binary;
      unmaskTo(chunk, at, at + take, this.#mask, this.#phase, keeps ? at : out);
      if (keeps) this.#keep(chunk.subarray(at, at + take));
      else out += take;
      at += take;
      this.#phase = (this.#phase + take) & 3;
      this.#left -= take;
      if (this.#left === 0) this.#endFrame(out);
    }
    return out;
  }

  /** @returns where the payload begins, or -1 when the header goes on in the next chunk */
  #readHeader(chunk: Buffer, at: number): number {
    if (this.#headerLength === 0) {
      const length = headerLength(chunk, at, chunk.length - at);
      if (length > 0 && chunk.length - at >= length) {
        this.#openFrame(chunk, at);
        return at + length;
      }
    }
    return this.#readPartialHeader(chunk, at);
  }

  #readPartialHeader(chunk: Buffer, start: number): number {
    this.#header ??= Buffer.alloc(LONGEST_HEADER);
    for (let at = start; at < chunk.length;) {
      this.#header[this.#headerLength++] = chunk[at++]!;
      const length = headerLength(this.#header, 0, this.#headerLength);
      if (length > 0 && this.#headerLength >= length) {
        this.#headerLength = 0;
        this.#openFrame(this.#header, 0);
        return at;
      }
    }
    return -1;
  }

  /** Takes the fields of a complete header at `at` and judges them. */
  #openFrame(bytes: Buffer, at: number): void {
    const first = bytes[at]!;
    const second = bytes[at + 1]!;
    let opcode = first & 0x0f;
    let behind = at + 2;
    let length = second & 0x7f;
    if (length === 126) {
      length = bytes.readUInt16BE(behind);
      behind += 2;
    } else if (length === 127) {
      length = bytes.readUInt32BE(behind) * 0x1_0000_0000 + bytes.readUInt32BE(behind + 4);
      behind += 8;
    }
    const final = (first & 0x80) !== 0;
    if ((first & 0x70) !== 0) throw new TenantProtocolError("a websocket frame has a reserved bit");
    if ((second & 0x80) === 0) throw new TenantProtocolError("a websocket frame is not masked");
    if (opcode >= OPCODE.close) checkControl(opcode, final, length);
    else opcode = this.#checkData(opcode, final, length);
    this.#opcode = opcode;
    this.#final = final;
    this.#mask = bytes.readUInt32BE(behind);
    this.#left = length;
    this.#phase = 0;
  }

  /** @returns the type of the message the frame belongs to */
  #checkData(opcode: number, final: boolean, length: number): number {
    if (opcode > OPCODE.binary)
      throw new TenantProtocolError(`a websocket frame has the unknown opcode ${opcode}`);
    if (opcode === OPCODE.continuation && this.#message === 0)
      throw new TenantProtocolError("a websocket frame continues no message");
    if (opcode !== OPCODE.continuation && this.#message !== 0)
      throw new TenantProtocolError("a websocket message begins inside another");
    let type = opcode === OPCODE.continuation ? this.#message : opcode;
    if (type === OPCODE.text && this.#textIsData) type = OPCODE.binary;
    const limit = type === OPCODE.text ? MAX_TEXT_BYTES - this.#text.length : MAX_FRAME_BYTES;
    if (length > limit) throw new TenantProtocolError("a websocket frame is too long");
    this.#message = final ? 0 : type;
    return type;
  }

  /** Text and control payloads are short; binary ones never come here. */
  #keep(part: Buffer): void {
    if (this.#opcode === OPCODE.text) this.#text = Buffer.concat([this.#text, part]);
    else this.#control = Buffer.concat([this.#control, part]);
  }

  #endFrame(before: number): void {
    if (this.#opcode === OPCODE.binary) return;
    if (this.#opcode === OPCODE.text) {
      if (!this.#final) return;
      const text = this.#text;
      this.#text = NO_BYTES;
      if (!isUtf8(text)) throw new TenantProtocolError("a websocket text is not UTF-8");
      this.#listener.onText(text.toString("utf8"), before);
      return;
    }
    const payload = this.#control;
    this.#control = NO_BYTES;
    if (this.#opcode === OPCODE.ping) this.#listener.onPing(payload);
    else if (this.#opcode === OPCODE.pong) this.#listener.onPong();
    else {
      this.#closed = true;
      this.#listener.onClose(closeCode(payload));
    }
  }
}

/** @returns length of the header that begins at `at`, or 0 when fewer than two bytes are known */
function headerLength(bytes: Buffer, at: number, known: number): number {
  if (known < 2) return 0;
  const length = bytes[at + 1]! & 0x7f;
  const extended = length === 126 ? 2 : length === 127 ? 8 : 0;
  return 2 + extended + ((bytes[at + 1]! & 0x80) === 0 ? 0 : 4);
}

function checkControl(opcode: number, final: boolean, length: number): void {
  if (opcode > OPCODE.pong)
    throw new TenantProtocolError(`a websocket frame has the unknown opcode ${opcode}`);
  if (!final) throw new TenantProtocolError("a websocket control frame is fragmented");
  if (length > MAX_CONTROL_PAYLOAD)
    throw new TenantProtocolError("a websocket control frame is too long");
}

/** RFC 6455 section 7.4: what may stand in a close frame. */
function closeCode(payload: Buffer): number {
  if (payload.length === 0) return 1005;
  const code = payload.length === 1 ? 0 : payload.readUInt16BE(0);
  const valid =
    (code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006) ||
    (code >= 3000 && code <= 4999);
  if (!valid) throw new TenantProtocolError("a websocket close frame has an invalid code");
  if (!isUtf8(payload.subarray(2)))
    throw new TenantProtocolError("a websocket close reason is not UTF-8");
  return code;
}

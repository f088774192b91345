/**
 * What a viewer may say to the session's VNC server: RFB's messages for keys, pointer and picture, and
 * nothing else. It may not change the display's size, which is the frame around the BMC's picture, nor
 * reach into the clipboard. Bytes pass as they are, in the same memory, unless something is left out.
 *
 * What both sides must agree on first is left out of SetEncodings where it changes a message's length: whether
 * the server knows it cannot be told from here, and one byte of difference would let a viewer say anything.
 * FACT(TigerVNC 1.12, tried): a PointerEvent has six bytes, whatever the viewer offered.
 *
 * Source: RFC 6143 section 7.5; Fence, ContinuousUpdates, SetDesktopSize, QEMU and extended mouse buttons
 * as in the community's "The RFB Protocol" (github.com/rfbproto).
 */
import { Transform, type TransformCallback } from "node:stream";
import {
  headerBytesOf,
  LONGEST_HEADER_BYTES,
  sizeOf,
} from "../../../common/rfb/client-message-size.ts";
import {
  CLIENT_CUT_TEXT,
  CLIENT_KEY_EVENT,
  CLIENT_POINTER_EVENT,
  CLIENT_QEMU,
  CLIENT_SET_DESKTOP_SIZE,
  CLIENT_SET_ENCODINGS,
  CLIENT_XVP,
  ENCODING_EXTENDED_MOUSE_BUTTONS,
} from "../../../common/rfb/constants.ts";
import { RFBProtocolError } from "../../base.ts";

/** ProtocolVersion, the security type None, ClientInit. */
const HANDSHAKE_BYTES = 14;
/** Subtype of QEMU's messages: a key; the other one is sound. */
const QEMU_KEY_EVENT = 0;
/** Viewers are never let to agree on it, see above. */
const EXTENDED_POINTER = false;
/** How many bytes tell a press from a release: the down flag, the mask of buttons. */
const PRESS_BYTES: ReadonlyMap<number, number> = new Map([
  [CLIENT_KEY_EVENT, 2],
  [CLIENT_POINTER_EVENT, 2],
  [CLIENT_QEMU, 4],
]);
const DROPPED: ReadonlySet<number> = new Set([
  CLIENT_CUT_TEXT,
  CLIENT_SET_DESKTOP_SIZE,
  CLIENT_XVP,
]);

export class RfbGuard extends Transform {
  /** Leaves out what a viewer presses; what it lets go of is let go. */
  holdsInput = false;
  /** Bytes of the message under way that are still to come. */
  #left = HANDSHAKE_BYTES;
  #drops = false;
  #head: Buffer = Buffer.alloc(0);
  #listsEncodings = false;
  #encodings: Buffer[] = [];

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    try {
      this.#walk(chunk);
      done();
    } catch (error) {
      done(error as Error);
    }
  }

  #walk(chunk: Buffer): void {
    let at = 0;
    let from = 0;
    const passed = this.#head;
    this.#head = Buffer.alloc(0);
    // A message whose beginning came before: only as much as is needed of it was held back.
    const bytes = passed.length === 0 ? chunk : Buffer.concat([passed, chunk]);
    while (at < bytes.length) {
      if (this.#left === 0 && !this.#begin(bytes, at)) {
        this.#pass(bytes, from, at);
        this.#head = Buffer.from(bytes.subarray(at));
        return;
      }
      const end = Math.min(bytes.length, at + this.#left);
      if (this.#listsEncodings) this.#encodings.push(Buffer.from(bytes.subarray(at, end)));
      if (this.#drops) {
        this.#pass(bytes, from, at);
        from = end;
      }
      this.#left -= end - at;
      at = end;
      if (this.#left === 0) this.#endMessage();
    }
    this.#pass(bytes, from, bytes.length);
  }

  /** @returns false when more bytes are needed to tell the message's length */
  #begin(bytes: Buffer, at: number): boolean {
    const length = this.#lengthOf(bytes, at);
    if (length === undefined) return false;
    const type = bytes[at] ?? 0;
    const presses = this.holdsInput ? this.#presses(bytes, at, type) : false;
    if (presses === undefined) return false;
    this.#left = length;
    this.#listsEncodings = type === CLIENT_SET_ENCODINGS;
    this.#drops = presses || this.#listsEncodings || DROPPED.has(type);
    return true;
  }

  /** @returns undefined when more bytes are needed to tell */
  #presses(bytes: Buffer, at: number, type: number): boolean | undefined {
    const needed = PRESS_BYTES.get(type);
    if (needed === undefined) return false;
    if (bytes.length - at < needed) return undefined;
    return bytes.readUIntBE(at + 1, needed - 1) !== 0;
  }

  #endMessage(): void {
    this.#drops = false;
    if (!this.#listsEncodings) return;
    this.#listsEncodings = false;
    this.push(withoutExtendedButtons(Buffer.concat(this.#encodings)));
    this.#encodings = [];
  }

  #pass(bytes: Buffer, from: number, to: number): void {
    if (to > from) this.push(bytes.subarray(from, to));
  }

  /**
   * @returns of the whole message; undefined when more bytes are needed to tell
   * @throws {RFBProtocolError} {@link TenantProtocolError} for one that is not known or too long
   */
  #lengthOf(bytes: Buffer, at: number): number | undefined {
    const head = bytes.subarray(at, at + LONGEST_HEADER_BYTES);
    const type = head[0] ?? 0;
    const needed = headerBytesOf(head, head.length);
    if (needed > head.length) return undefined;
    const isKnown = needed > 0 && (type !== CLIENT_QEMU || head[1] === QEMU_KEY_EVENT);
    const length = isKnown ? sizeOf(head, EXTENDED_POINTER) : undefined;
    if (length === undefined)
      throw new RFBProtocolError(`a viewer sent message type ${type}, which is not let through`);
    return length;
  }
}

/** @param list a whole SetEncodings */
function withoutExtendedButtons(list: Buffer): Buffer {
  const kept = [];
  for (let at = 4; at + 4 <= list.length; at += 4)
    if (list.readInt32BE(at) !== ENCODING_EXTENDED_MOUSE_BUTTONS)
      kept.push(list.subarray(at, at + 4));
  const message = Buffer.concat([list.subarray(0, 4), ...kept]);
  message.writeUInt16BE(kept.length, 2);
  return message;
}

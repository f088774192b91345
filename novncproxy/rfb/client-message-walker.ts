/**
 * Walks over what a tenant sends after ClientInit (RFC 6143 section 7.5, rfbproto), in place: it finds
 * where each message ends, drops what a view-only session must not send, replaces what a quirk of the
 * machine forbids, and notices input. It is on the hot path: nothing is allocated for a message, and
 * the bytes to forward are the chunk itself, compacted.
 *
 * It never waits for a whole message: whatever has arrived is forwarded or dropped at once, since the
 * first byte decides that. Only SetPixelFormat and SetEncodings are held back, and only under quirks.
 *
 * A message type it does not know cannot be skipped, as its length is unknown. A view-only or quirked
 * session then ends with a TenantProtocolError; a plain one has nothing to hide from the machine, so
 * from there on everything passes unseen and counts as input.
 */
import type { ConsoleQuirks } from "../../common/console-endpoint.ts";
import { TenantProtocolError } from "../../common/errors.ts";
import {
  headerBytesOf,
  LONGEST_HEADER_BYTES,
  sizeOf,
} from "../../common/rfb/client-message-size.ts";
import { enablingEncoding, isInput, isViewOnlyDropped } from "./client-messages.ts";
import {
  CLIENT_FRAMEBUFFER_UPDATE_REQUEST,
  CLIENT_POINTER_EVENT,
  CLIENT_SET_ENCODINGS,
  CLIENT_SET_PIXEL_FORMAT,
  CLIENT_CUT_TEXT,
  CLIENT_KEY_EVENT,
  ENCODING_EXTENDED_MOUSE_BUTTONS,
  ENCODING_RAW,
} from "../../common/rfb/constants.ts";
import {
  parsePixelFormat,
  pixelFormatProblem,
  type PixelFormat,
} from "../../common/rfb/pixel-format.ts";
import { encodingsToOffer } from "./quirks.ts";

export interface WalkerOptions {
  /** Drops key, pointer, clipboard, power, resize and QEMU messages. */
  readonly viewOnly: boolean;
  /** Of the machine: a held pixel format, a list of encodings. */
  readonly quirks?: ConsoleQuirks | undefined;
  /** Gets each format that the tenant asks for while the machine is held to another one. */
  readonly onPixelFormat?: (format: PixelFormat) => void;
}

/** What is done with a message type; bits. */
const FORWARD = 1;
const DROP = 2;
/** Kept from the machine and read by us. */
const COLLECT = 4;
const INPUT = 8;

const SET_PIXEL_FORMAT_BYTES = 20;
const NOTHING = Buffer.alloc(0);

export class ClientMessageWalker {
  /** True when input was seen; the reader sets it back. Dropped input counts: somebody is there. */
  sawInput = false;

  readonly #plans: Uint8Array;
  readonly #strict: boolean;
  readonly #encodings: readonly number[] | undefined;
  readonly #onPixelFormat: ((format: PixelFormat) => void) | undefined;

  /** The beginning of a message whose length is not known yet. */
  readonly #head = Buffer.alloc(SET_PIXEL_FORMAT_BYTES);
  #headLength = 0;
  /** Bytes still to come of the message under way, and what is done with them. */
  #left = 0;
  #plan = 0;
  #inEncodings = false;
  #opaque = false;

  /** PointerEvent may be 7 bytes long. */
  #extendedPointer = false;
  #encodingWord = 0;
  #encodingBytes = 0;
  #offered = new Set<number>();
  #offersExtendedPointer = false;

  /** Where the bytes to forward are collected: the chunk itself unless it became too short. */
  #target: Buffer = NOTHING;
  #out = 0;
  #keepFrom = 0;

  constructor(options: WalkerOptions) {
    const { quirks } = options;
    this.#encodings = quirks && encodingsToOffer(quirks);
    this.#strict = options.viewOnly || this.#encodings !== undefined;
    this.#onPixelFormat = options.onPixelFormat;
    this.#plans = makePlans(options.viewOnly, quirks?.pixelFormat !== undefined, this.#encodings);
  }

  /**
   * Takes the next bytes of the tenant, which it may change.
   * @returns what is for the machine: the same memory, or new one in rare cases; may be empty
   * @throws {TenantProtocolError} for a length beyond its limit, an unknown type in a strict session
   */
  walk(chunk: Buffer): Buffer {
    if (this.#opaque) {
      this.sawInput = true;
      return chunk;
    }
    const end = chunk.length;
    const plans = this.#plans;
    this.#target = chunk;
    this.#out = 0;
    this.#keepFrom = 0;
    let at = 0;
    while (at < end) {
      if (this.#left > 0) {
        at = this.#takeBody(chunk, at, end);
      } else if (this.#headLength > 0) {
        at = this.#takeHead(chunk, at, end);
      } else {
        const type = chunk[at]!;
        const plan = plans[type]!;
        const size = quickSize(type, chunk, at, this.#extendedPointer);
        if (size === 0 || plan === 0 || (plan & COLLECT) !== 0 || at + size > end) {
          at = this.#takeHead(chunk, at, end);
        } else {
          if ((plan & INPUT) !== 0) this.sawInput = true;
          if ((plan & DROP) !== 0) this.#drop(chunk, at, at + size);
          at += size;
        }
      }
    }
    return this.#finish(chunk, end);
  }

  /** Reads on in the message's first bytes, until they tell its length. */
  #takeHead(chunk: Buffer, from: number, end: number): number {
    const head = this.#head;
    let at = from;
    if (this.#headLength === 0) head[this.#headLength++] = chunk[at++]!;
    const type = head[0]!;
    const plan = this.#plans[type]!;
    if (plan === 0) return this.#meetUnknown(`type ${type}`, end);
    let need = this.#headNeed(type, plan);
    while (this.#headLength < need && at < end) {
      head[this.#headLength++] = chunk[at++]!;
      need = this.#headNeed(type, plan);
    }
    if ((plan & (DROP | COLLECT)) !== 0) this.#drop(chunk, from, at);
    if ((plan & INPUT) !== 0) this.sawInput = true;
    if (this.#headLength < need) return at;
    const size = sizeOf(head, this.#extendedPointer);
    if (size === undefined) return this.#meetUnknown(`type ${type}, subtype ${head[1]}`, end);
    this.#left = size - this.#headLength;
    this.#headLength = 0;
    this.#plan = plan;
    this.#beginBody(chunk, type, at, end);
    return at;
  }

  #headNeed(type: number, plan: number): number {
    if (type === CLIENT_SET_PIXEL_FORMAT && (plan & COLLECT) !== 0) return SET_PIXEL_FORMAT_BYTES;
    return headerBytesOf(this.#head, this.#headLength);
  }

  #beginBody(chunk: Buffer, type: number, at: number, end: number): void {
    if (type === CLIENT_SET_ENCODINGS) {
      this.#inEncodings = true;
      this.#offered.clear();
      this.#offersExtendedPointer = false;
      if (this.#left === 0) this.#endEncodings(chunk, at, end);
    } else if (type === CLIENT_SET_PIXEL_FORMAT && (this.#plan & COLLECT) !== 0) {
      this.#takePixelFormat();
    } else if (
      type === CLIENT_CUT_TEXT &&
      this.#encodings !== undefined &&
      this.#head[4]! >= 0x80
    ) {
      throw new TenantProtocolError("ClientCutText: a negative length, which nobody agreed on");
    }
  }

  #takeBody(chunk: Buffer, from: number, end: number): number {
    const to = Math.min(end, from + this.#left);
    if (this.#inEncodings) this.#scanEncodings(chunk, from, to);
    if ((this.#plan & (DROP | COLLECT)) !== 0) this.#drop(chunk, from, to);
    if ((this.#plan & INPUT) !== 0) this.sawInput = true;
    this.#left -= to - from;
    if (this.#left === 0 && this.#inEncodings) this.#endEncodings(chunk, to, end);
    return to;
  }

  #scanEncodings(chunk: Buffer, from: number, to: number): void {
    for (let at = from; at < to; at += 1) {
      this.#encodingWord = (this.#encodingWord << 8) | chunk[at]! | 0;
      this.#encodingBytes += 1;
      if (this.#encodingBytes < 4) continue;
      this.#encodingBytes = 0;
      if (this.#encodingWord === ENCODING_EXTENDED_MOUSE_BUTTONS)
        this.#offersExtendedPointer = true;
      if (this.#encodings?.includes(this.#encodingWord)) this.#offered.add(this.#encodingWord);
    }
  }

  /**
   * FACT(noVNC core/rfb.js, rfbproto "Extended Mouse Buttons"): a viewer that offers it sets bit 7 of a
   * PointerEvent's mask only after the server confirmed it, and clears it otherwise. So an offer is
   * enough to know what that bit means.
   */
  #endEncodings(chunk: Buffer, at: number, end: number): void {
    this.#inEncodings = false;
    const list = this.#encodings;
    this.#extendedPointer =
      this.#offersExtendedPointer &&
      (list === undefined || list.includes(ENCODING_EXTENDED_MOUSE_BUTTONS));
    if (list === undefined) return;
    const common = list.filter((one) => one === ENCODING_RAW || this.#offered.has(one));
    this.#insert(encodeSetEncodings(common), chunk, at, end);
  }

  #takePixelFormat(): void {
    const format = parsePixelFormat(this.#head.subarray(4));
    const problem = format.trueColour ? pixelFormatProblem(format) : "a colour map";
    if (problem !== undefined)
      throw new TenantProtocolError(`SetPixelFormat: ${problem} cannot be translated to`);
    this.#onPixelFormat?.(format);
  }

  #meetUnknown(what: string, end: number): number {
    if (this.#strict)
      throw new TenantProtocolError(`a message of unknown ${what} cannot be checked`);
    this.#opaque = true;
    this.sawInput = true;
    return end;
  }

  /** Leaves out [from, to) of the chunk. */
  #drop(chunk: Buffer, from: number, to: number): void {
    this.#keep(chunk, from);
    this.#keepFrom = to;
  }

  /** Moves the run of kept bytes that ends at `to` to where it belongs. */
  #keep(chunk: Buffer, to: number): void {
    const from = this.#keepFrom;
    if (to > from && (this.#target !== chunk || this.#out !== from))
      chunk.copy(this.#target, this.#out, from, to);
    this.#out += to - from;
  }

  /** Puts bytes of ours between what is before `at`, all settled, and the rest of the chunk. */
  #insert(bytes: Buffer, chunk: Buffer, at: number, end: number): void {
    const fits =
      this.#target === chunk
        ? this.#out + bytes.length <= at
        : this.#out + bytes.length + (end - at) <= this.#target.length;
    if (!fits) {
      const need = this.#out + bytes.length + (end - at);
      const grown = Buffer.allocUnsafe(Math.max(need, this.#target.length * 2));
      this.#target.copy(grown, 0, 0, this.#out);
      this.#target = grown;
    }
    bytes.copy(this.#target, this.#out);
    this.#out += bytes.length;
  }

  #finish(chunk: Buffer, end: number): Buffer {
    if (this.#target === chunk && this.#out === 0 && this.#keepFrom === 0) {
      this.#target = NOTHING;
      return chunk;
    }
    this.#keep(chunk, end);
    // making a view costs more than all the rest, and a view-only session mostly has nothing to say
    const result = this.#out === 0 ? NOTHING : this.#target.subarray(0, this.#out);
    this.#target = NOTHING;
    return result;
  }
}

/** The length of the messages that come by the hundred, 0 for every other one or a cut one. */
function quickSize(type: number, chunk: Buffer, at: number, extendedPointer: boolean): number {
  switch (type) {
    case CLIENT_POINTER_EVENT:
      if (!extendedPointer) return 6;
      return at + 1 === chunk.length ? 0 : chunk[at + 1]! >= 0x80 ? 7 : 6;
    case CLIENT_KEY_EVENT:
      return 8;
    case CLIENT_FRAMEBUFFER_UPDATE_REQUEST:
      return 10;
    default:
      return 0;
  }
}

function makePlans(
  viewOnly: boolean,
  holdsPixelFormat: boolean,
  encodings: readonly number[] | undefined,
): Uint8Array {
  const plans = new Uint8Array(256);
  const one = Buffer.alloc(LONGEST_HEADER_BYTES);
  for (let type = 0; type < plans.length; type += 1) {
    one[0] = type;
    if (headerBytesOf(one, 1) === 0) continue;
    // A machine with a list of encodings knows only the extensions on it, no other may reach it.
    const enabledBy = enablingEncoding(type);
    const isForeign = enabledBy !== undefined && encodings?.includes(enabledBy) === false;
    const drops = isForeign || (viewOnly && isViewOnlyDropped(type));
    plans[type] = (drops ? DROP : FORWARD) | (isInput(type) ? INPUT : 0);
  }
  if (holdsPixelFormat) plans[CLIENT_SET_PIXEL_FORMAT] = COLLECT;
  if (encodings !== undefined) plans[CLIENT_SET_ENCODINGS] = COLLECT;
  return plans;
}

function encodeSetEncodings(encodings: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 + 4 * encodings.length);
  bytes[0] = CLIENT_SET_ENCODINGS;
  bytes.writeUInt16BE(encodings.length, 2);
  encodings.forEach((encoding, index) => bytes.writeInt32BE(encoding, 4 + 4 * index));
  return bytes;
}

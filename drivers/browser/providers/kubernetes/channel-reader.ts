/**
 * Reads what the API sends on a WebSocket of an exec: messages whose first byte is the number of a channel.
 * Payloads are handed on as they come; nothing but short control frames is held.
 *
 * FACT(k8s.io/apimachinery, pkg/util/remotecommand and httpstream/wsstream, v5.channel.k8s.io): channels are
 * 0 standard input, 1 output, 2 error, 3 the end's Status as JSON, 4 terminal size, 255 (v5) closes the one
 * that the next byte names.
 */

export const CHANNEL = { input: 0, output: 1, error: 2, status: 3, close: 255 } as const;
export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

const MAX_FRAME_BYTES = 64 * 1024 * 1024;
const MAX_CONTROL_BYTES = 125;
const LONGEST_HEADER = 10;

export interface ChannelListener {
  onData(channel: number, bytes: Buffer): void;
  onPing(payload: Buffer): void;
  onClose(): void;
}

export class ChannelReader {
  readonly #listener: ChannelListener;
  #header = Buffer.alloc(0);
  #opcode = 0;
  #left = 0;
  #final = true;
  #inMessage = false;
  /** Of the message under way; unknown before its first byte. */
  #channel: number | undefined;
  #control = Buffer.alloc(0);
  #inFrame = false;
  #closed = false;

  constructor(listener: ChannelListener) {
    this.#listener = listener;
  }

  /** @throws {Error} for what RFC 6455 forbids a server; the reader is of no use then */
  read(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length && !this.#closed) {
      if (!this.#inFrame) {
        at += this.#takeHeader(bytes.subarray(at));
        if (this.#inFrame && this.#left === 0) this.#endFrame();
        continue;
      }
      const piece = bytes.subarray(at, at + this.#left);
      at += piece.length;
      this.#left -= piece.length;
      if (this.#opcode >= OPCODE.close) this.#control = Buffer.concat([this.#control, piece]);
      else this.#takeData(piece);
      if (this.#left === 0) this.#endFrame();
    }
  }

  #takeData(piece: Buffer): void {
    let data = piece;
    if (this.#channel === undefined) {
      this.#channel = piece[0] ?? 0;
      data = piece.subarray(1);
    }
    if (data.length > 0) this.#listener.onData(this.#channel, data);
  }

  /** @returns how many bytes belong to the header */
  #takeHeader(bytes: Buffer): number {
    const before = this.#header.length;
    const known = Buffer.concat([this.#header, bytes.subarray(0, LONGEST_HEADER - before)]);
    const second = known[1];
    const short = (second ?? 0) & 0x7f;
    const length =
      second === undefined ? Infinity : short < 126 ? 2 : short === 126 ? 4 : LONGEST_HEADER;
    if (known.length < length) {
      this.#header = known;
      return known.length - before;
    }
    this.#header = Buffer.alloc(0);
    this.#begin(known, short);
    return length - before;
  }

  #begin(header: Buffer, short: number): void {
    const first = header[0] ?? 0;
    if ((first & 0x70) !== 0 || ((header[1] ?? 0) & 0x80) !== 0)
      throw broken("a frame is masked or has a reserved bit");
    this.#final = (first & 0x80) !== 0;
    this.#opcode = first & 0x0f;
    this.#left =
      short < 126
        ? short
        : short === 126
          ? header.readUInt16BE(2)
          : Number(header.readBigUInt64BE(2));
    if (this.#left > MAX_FRAME_BYTES) throw broken("a frame is too long");
    this.#inFrame = true;
    if (this.#opcode >= OPCODE.close) {
      if (this.#opcode > OPCODE.pong || !this.#final || this.#left > MAX_CONTROL_BYTES)
        throw broken("a control frame is wrong");
      return;
    }
    const continues = this.#opcode === OPCODE.continuation;
    if (this.#opcode > OPCODE.binary || continues !== this.#inMessage)
      throw broken("a message is wrong");
    if (!continues) this.#channel = undefined;
    this.#inMessage = !this.#final;
  }

  #endFrame(): void {
    this.#inFrame = false;
    if (this.#opcode < OPCODE.close) return;
    const payload = this.#control;
    this.#control = Buffer.alloc(0);
    if (this.#opcode === OPCODE.ping) this.#listener.onPing(payload);
    if (this.#opcode !== OPCODE.close) return;
    this.#closed = true;
    this.#listener.onClose();
  }
}

function broken(what: string): Error {
  return new Error(`the Kubernetes API's WebSocket is broken: ${what}`);
}

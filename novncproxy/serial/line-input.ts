/**
 * What viewers type, on its way to one line: a queue for each of them, served in turns by small pieces,
 * as fast as the line takes them. A viewer whose queue is full is held; nothing is dropped while the
 * line is up.
 */
import type { LineLink } from "./line-link.ts";

/** Whoever types. */
export interface Typist {
  readonly tenant: { readonly paused: boolean; pause(): void; resume(): void };
}

/**
 * Bytes of one turn. FACT(Linux): a Unix socket's room is counted with about 1 KiB for every small
 * write, so that this much less stands in it before the next viewer's key.
 */
const PIECE_BYTES = 256;
const FULL_BYTES = 64 * 1024;
const ROOM_BYTES = 16 * 1024;
/** Typed before the line was up for the first time. */
const EARLY_BYTES = 256;
/** A line that takes nothing for so long takes no more of this. */
const STALL_MILLISECONDS = 60_000;

interface Queue {
  readonly typist: Typist;
  chunks: Buffer[];
  bytes: number;
}

export class LineInput {
  /** Those with something to say; the first is next. */
  readonly #queues = new Map<Typist, Queue>();
  #link: LineLink | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** When the line took something, or had nothing to take; milliseconds since the epoch. */
  #movedAt = 0;
  #writing = false;

  get waitingBytes(): number {
    let bytes = 0;
    for (const queue of this.#queues.values()) bytes += queue.bytes;
    return bytes;
  }

  /** @param bytes which nobody changes from now on */
  push(typist: Typist, bytes: Buffer): void {
    const queue = this.#queues.get(typist) ?? { typist, chunks: [], bytes: 0 };
    this.#queues.set(typist, queue);
    queue.chunks.push(bytes);
    queue.bytes += bytes.length;
    this.#pump();
    if (queue.bytes > FULL_BYTES && !typist.tenant.paused) typist.tenant.pause();
  }

  /** The same while the line comes up for the first time: keeps a few keys. */
  pushEarly(typist: Typist, bytes: Buffer): void {
    const queued = this.#queues.get(typist)?.bytes ?? 0;
    if (queued + bytes.length <= EARLY_BYTES) this.push(typist, bytes);
  }

  /** The line is up. @param settleMilliseconds how long it must be spared still */
  start(link: LineLink, settleMilliseconds: number): void {
    clearTimeout(this.#timer);
    const begin = (): void => {
      this.#link = link;
      this.#writing = false;
      this.#pump();
    };
    if (settleMilliseconds === 0) begin();
    else this.#timer = setTimeout(begin, settleMilliseconds);
  }

  /** The line is down: what was typed for it is dropped, because nobody knows when it comes back. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#link = undefined;
    for (const { typist } of this.#queues.values())
      if (typist.tenant.paused) typist.tenant.resume();
    this.#queues.clear();
  }

  /** In order with what is written already, before what still stands in the queues. @returns as the link */
  sendBreak(link: LineLink): boolean {
    return link.sendBreak(() => this.#onTaken(link));
  }

  forget(typist: Typist): void {
    this.#queues.delete(typist);
  }

  /** @returns true when the line takes nothing any more, and what stood in the queues was dropped */
  sweep(now: number): boolean {
    if (this.#queues.size === 0 || this.#movedAt === 0) this.#movedAt = now;
    if (now - this.#movedAt < STALL_MILLISECONDS) return false;
    this.#movedAt = now;
    for (const { typist } of this.#queues.values())
      if (typist.tenant.paused) typist.tenant.resume();
    this.#queues.clear();
    return true;
  }

  #pump(): void {
    const link = this.#link;
    if (!link || this.#writing) return;
    for (const queue of this.#queues.values()) {
      if (!link.ready) break;
      this.#queues.delete(queue.typist);
      const piece = take(queue);
      if (queue.bytes > 0) this.#queues.set(queue.typist, queue);
      link.write(piece, () => this.#onTaken(link));
      if (queue.bytes < ROOM_BYTES && queue.typist.tenant.paused) queue.typist.tenant.resume();
    }
    this.#writing = this.#queues.size > 0;
  }

  #onTaken(link: LineLink): void {
    if (link !== this.#link) return;
    this.#movedAt = 0;
    if (!link.ready) return;
    this.#writing = false;
    this.#pump();
  }
}

/** Takes the next piece out, without tearing a UTF-8 sequence when the rest of it is there. */
function take(queue: Queue): Buffer {
  const first = queue.chunks[0]!;
  const all =
    first.length >= PIECE_BYTES || queue.chunks.length === 1
      ? first
      : Buffer.concat(queue.chunks.splice(0));
  if (queue.chunks.length === 0) queue.chunks.push(all);
  const length = pieceLength(all);
  const piece = all.subarray(0, length);
  if (length === all.length) queue.chunks.shift();
  else queue.chunks[0] = all.subarray(length);
  queue.bytes -= length;
  return piece;
}

function pieceLength(bytes: Buffer): number {
  if (bytes.length <= PIECE_BYTES) return bytes.length;
  let end = PIECE_BYTES;
  while (end > PIECE_BYTES - 4 && (bytes[end]! & 0xc0) === 0x80) end -= 1;
  return (bytes[end]! & 0xc0) === 0x80 ? PIECE_BYTES : end;
}

/**
 * Memory that the host side reads into. Quiet sessions share one small buffer, whose bytes are copied
 * out at once; a session whose reads fill it gets a large one of its own out of a bounded pool, which is
 * passed on without a copy, and gives it back with the first read that does not fill it. One that has
 * been busy for a while keeps a middle one, which takes a usual picture in one read. So the memory of
 * busy moments is shared too, and a quiet session holds none.
 */
import type { Clock } from "../common/clock.ts";
import { HEADER_ROOM } from "./ws-frame.ts";

export const SMALL_BYTES = 16 * 1024;
export const MIDDLE_BYTES = 64 * 1024;
export const LARGE_BYTES = 256 * 1024;

/** Bounds what busy sessions hold together; those that get none stay with the small one. */
const MAX_LARGE = 256;
const MAX_MIDDLE = 2048;
/** Unused ones kept for the next session. */
const SPARES = 16;
/** Large reads in this many windows, without a long pause between them, make a busy session. */
const BUSY_WINDOWS = 3;
const WINDOW_MILLISECONDS = 128;
const LONGEST_PAUSE_WINDOWS = 4;

export interface ReadBuffer {
  readonly size: number;
  /** True when other sessions read into it too: its bytes must be copied before anything else happens. */
  readonly shared: boolean;
  /** Header room and payload. */
  readonly backing: Buffer;
  /** The payload part, which is read into. */
  readonly payload: Buffer;
}

function makeBuffer(size: number, shared: boolean): ReadBuffer {
  const backing = Buffer.allocUnsafeSlow(HEADER_ROOM + size);
  return { size, shared, backing, payload: backing.subarray(HEADER_ROOM) };
}

class Pool {
  readonly #size: number;
  readonly #most: number;
  readonly #spares: ReadBuffer[] = [];
  #lent = 0;

  constructor(size: number, most: number) {
    this.#size = size;
    this.#most = most;
  }

  get lent(): number {
    return this.#lent;
  }

  take(): ReadBuffer | undefined {
    if (this.#lent >= this.#most) return undefined;
    this.#lent += 1;
    return this.#spares.pop() ?? makeBuffer(this.#size, false);
  }

  /** @param reusable false when a write may still read from it; it is then left to the collector */
  give(buffer: ReadBuffer, reusable: boolean): void {
    this.#lent -= 1;
    if (reusable && this.#spares.length < SPARES) this.#spares.push(buffer);
  }
}

/** The pools of one proxy. */
export class ReadBuffers {
  readonly small = makeBuffer(SMALL_BYTES, true);
  readonly middle = new Pool(MIDDLE_BYTES, MAX_MIDDLE);
  readonly large = new Pool(LARGE_BYTES, MAX_LARGE);
}

/** Chooses the buffer of one connection from how its reads went. */
export class ReadBufferChooser {
  readonly #pools: ReadBuffers;
  readonly #clock: Clock;
  #present: ReadBuffer;
  #window = 0;
  #busyWindows = 0;

  constructor(pools: ReadBuffers, clock: Clock) {
    this.#pools = pools;
    this.#clock = clock;
    this.#present = pools.small;
  }

  get present(): ReadBuffer {
    return this.#present;
  }

  /**
   * Chooses the next buffer; the present one must not be in use by a write any more.
   * @param bytes what the last read brought
   * @param most size of the largest buffer to choose
   */
  next(bytes: number, most: number): ReadBuffer {
    const present = this.#present;
    if (bytes < SMALL_BYTES) return present.shared ? present : this.#exchange(this.#pools.small);
    this.#noteLargeRead();
    if (bytes === present.size) return this.#grow(present, most);
    if (this.#busyWindows < BUSY_WINDOWS) return this.#exchange(this.#pools.small);
    return this.#middle(present);
  }

  /** The kernel had more than the buffer took. */
  #grow(present: ReadBuffer, most: number): ReadBuffer {
    if (most < LARGE_BYTES) return this.#middle(present);
    if (present.size === LARGE_BYTES) return present;
    return this.#exchange(this.#pools.large.take() ?? present);
  }

  #middle(present: ReadBuffer): ReadBuffer {
    if (present.size === MIDDLE_BYTES) return present;
    return this.#exchange(this.#pools.middle.take() ?? this.#pools.small);
  }

  /**
   * Gives back what is borrowed; the connection is gone.
   * @param inFlight true when a write to the tenant still uses the present buffer: it must never reach
   * another session then, whose bytes would be sent to this one's tenant
   */
  release(inFlight: boolean): void {
    this.#exchange(this.#pools.small, !inFlight);
  }

  #exchange(next: ReadBuffer, reusable = true): ReadBuffer {
    const before = this.#present;
    if (before === next) return next;
    if (before.size === LARGE_BYTES) this.#pools.large.give(before, reusable);
    else if (before.size === MIDDLE_BYTES) this.#pools.middle.give(before, reusable);
    this.#present = next;
    return next;
  }

  #noteLargeRead(): void {
    const window = Math.floor(this.#clock.now() / WINDOW_MILLISECONDS);
    const pause = window - this.#window;
    if (pause === 0) return;
    this.#busyWindows = pause <= LONGEST_PAUSE_WINDOWS ? this.#busyWindows + 1 : 1;
    this.#window = window;
  }
}

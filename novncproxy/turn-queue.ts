/**
 * Shares the event loop: a connection that used up its part of a turn goes on in the next one, so that a
 * flood never starves the others. While others wait for short answers, as typists do, the part is
 * smaller. One `setImmediate` for all that wait.
 */

export interface Waiting {
  onNextTurn(): void;
}

/** Part of one connection in a turn, bytes: 256 KiB take about 0.1 ms. */
const ALONE_BYTES = 256 * 1024;
const BESIDE_TYPISTS_BYTES = 64 * 1024;
/** Turns after which nobody counts as typing any more. */
const TYPING_TURNS = 64;

export class TurnQueue {
  #waiting: Waiting[] = [];
  #immediate: NodeJS.Immediate | undefined;
  #turn = 0;
  #typedInTurn = -TYPING_TURNS;

  /** What a connection may take in this turn, bytes. */
  get budget(): number {
    return this.#turn - this.#typedInTurn < TYPING_TURNS ? BESIDE_TYPISTS_BYTES : ALONE_BYTES;
  }

  /** A connection gets short answers, one after the other. */
  noteTyping(): void {
    this.#typedInTurn = this.#turn;
  }

  push(waiting: Waiting): void {
    this.#waiting.push(waiting);
    this.#immediate ??= setImmediate(() => this.#run());
  }

  stop(): void {
    if (this.#immediate) clearImmediate(this.#immediate);
    this.#immediate = undefined;
    this.#waiting = [];
  }

  #run(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#immediate = undefined;
    this.#turn += 1;
    for (const one of waiting) one.onNextTurn();
  }
}

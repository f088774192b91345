/**
 * Standard input that is no terminal: sent while the line is ready, held back while it is not or while
 * the network is slower, and reported once when all of it is sent.
 */
import type { Readable } from "node:stream";
import { EnterKey } from "./line-ends.ts";

const MOST_WAITING_BYTES = 65_536;
const LOOK_MS = 20;

export interface PipeTarget {
  send(bytes: Buffer): void;
  /** Bytes given to `send` that are still here. */
  waitingBytes(): number;
  /** Nothing more will come, and all is sent. */
  onSent(): void;
}

export class PipedInput {
  readonly #stdin: Readable;
  readonly #target: PipeTarget;
  readonly #enter: EnterKey | undefined;
  #ready = false;
  #ended = false;
  #reported = false;
  #timer: NodeJS.Timeout | undefined;

  /** @param options `asIs` sends line ends as they are, else as the Enter key sends them */
  constructor(stdin: Readable, target: PipeTarget, options: { readonly asIs: boolean }) {
    this.#stdin = stdin;
    this.#target = target;
    this.#enter = options.asIs ? undefined : new EnterKey();
    stdin.on("data", this.#onData);
    stdin.on("end", this.#onEnd);
    stdin.on("error", this.#onEnd);
    stdin.pause();
  }

  /** Whether the machine can hear now. */
  setReady(ready: boolean): void {
    this.#ready = ready;
    this.#look();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#reported = true;
    this.#stdin.off("data", this.#onData);
    this.#stdin.off("end", this.#onEnd);
    this.#stdin.off("error", this.#onEnd);
    this.#stdin.on("error", () => undefined);
    this.#stdin.pause();
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#target.send(this.#enter ? this.#enter.convert(chunk) : chunk);
    this.#look();
  };

  readonly #onEnd = (): void => {
    this.#ended = true;
    this.#look();
  };

  readonly #look = (): void => {
    clearTimeout(this.#timer);
    if (this.#reported) return;
    const waiting = this.#target.waitingBytes();
    if (this.#ended && this.#ready && waiting === 0) {
      this.#reported = true;
      this.#target.onSent();
    } else if (this.#ready && !this.#ended && waiting < MOST_WAITING_BYTES) this.#stdin.resume();
    else {
      this.#stdin.pause();
      if (this.#ready) this.#timer = setTimeout(this.#look, LOOK_MS);
    }
  };
}

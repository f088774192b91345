/**
 * How a serial session shows itself on an SSH channel: to a person at a terminal, to a program at a pipe,
 * or as the answer to a command. One of these is made for each session.
 */
import type { SerialNotice, SerialRequest } from "../../../common/serial-messages.ts";
import type { SessionNotice } from "../../../common/session-notices.ts";
import type { SshOutput } from "../ssh-output.ts";

export interface Front {
  /** Bytes of the line, shared with other viewers. */
  line(bytes: Buffer): void;
  notice(notice: SerialNotice | SessionNotice): void;
  /** The session hears requests and typed bytes from now on. */
  started(): void;
  /** Bytes of the client. */
  typed(bytes: Buffer): void;
  /** The client sends no more. */
  inputEnded(): void;
  /** Last words. */
  closing(words: string): void;
  /** Ends its timers. */
  stop(): void;
}

/** What a front may do. */
export interface FrontHost {
  readonly output: SshOutput;
  type(bytes: Buffer): void;
  request(request: SerialRequest): void;
  /** Ends the session on the client's behalf. */
  leave(exitStatus: number): void;
}

/** Tells scrollback from what is live. */
export class ReplayMeter {
  #left = 0;

  begin(bytes: number): void {
    this.#left += bytes;
  }

  /** @returns how many of so many bytes are scrollback */
  take(bytes: number): number {
    const old = Math.min(this.#left, bytes);
    this.#left -= old;
    return old;
  }

  get isOver(): boolean {
    return this.#left === 0;
  }
}

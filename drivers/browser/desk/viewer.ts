/**
 * One proxy that wants the picture: hears how far the start is, then is joined with the session's VNC
 * server. Until then it has nothing to say, since RFB's server speaks first.
 */
import type { Duplex } from "node:stream";
import {
  preludeLine,
  type PreludeMessage,
  type StartFailure,
  type StartStep,
} from "../../../common/console-prelude.ts";
import { relay } from "./relay.ts";
import { RfbGuard } from "./rfb-guard.ts";

/** A proxy that does not read its lines has no use for more of them. */
const MAX_UNREAD_BYTES = 64 * 1024;

export class Viewer {
  readonly #connection: Duplex;
  readonly #guard = new RfbGuard();
  #joined = false;
  #over = false;
  readonly #breach = (): void => void this.#connection.destroy();

  /** @param onLeft called once, later, when it is gone */
  constructor(connection: Duplex, onLeft: () => void) {
    this.#connection = connection;
    if (connection.closed) queueMicrotask(onLeft);
    else connection.once("close", onLeft);
    connection.on("error", () => connection.destroy());
    connection.once("end", this.#breach);
    // Reading is also how one notices that it left.
    connection.on("data", this.#breach);
  }

  get isWaiting(): boolean {
    return !this.#joined && !this.#over && !this.#connection.destroyed;
  }

  tell(message: PreludeMessage): void {
    if (!this.isWaiting) return;
    this.#connection.write(preludeLine(message));
    if (this.#connection.writableLength > MAX_UNREAD_BYTES) this.#connection.destroy();
  }

  /** The last thing it hears. */
  fail(step: StartStep, failure: StartFailure): void {
    if (!this.isWaiting) return this.close();
    this.#over = true;
    const connection = this.#connection;
    // One that does not close its side must not stay.
    connection.end(preludeLine({ type: "failed", step, failure }), () => connection.destroy());
  }

  /** Whether what it presses gets lost instead of to the page. */
  holdInput(holds: boolean): void {
    this.#guard.holdsInput = holds;
  }

  /** From now on RFB. @param dial a new connection to the session's VNC server */
  async join(dial: () => Promise<Duplex>): Promise<void> {
    if (!this.isWaiting) return;
    this.#joined = true;
    this.#connection.off("data", this.#breach).pause();
    try {
      const host = await dial();
      await relay(this.#connection, host, this.#guard);
    } catch {
      this.#connection.destroy();
    }
  }

  close(): void {
    this.#over = true;
    this.#connection.destroy();
  }
}

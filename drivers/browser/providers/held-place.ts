/** A seat of a provider whose sessions all start the same way: it keeps what runs on it, and ends that. */
import type { Duplex } from "node:stream";
import { ConsoleError } from "../../base.ts";
import { dialTcp } from "./dial-tcp.ts";
import type { Destination, Place, SessionProcess, SessionRequest } from "./provider.ts";

export type StartSession = (
  request: SessionRequest,
  signal: AbortSignal,
) => Promise<SessionProcess>;

export class HeldPlace implements Place {
  readonly host: string;
  readonly #start: StartSession;
  readonly #onRelease: () => void;
  readonly #dial: Place["dial"];
  readonly #sessions = new Map<string, Promise<SessionProcess>>();
  readonly #ending = new AbortController();
  #released: Promise<void> | undefined;

  /** @param dial by default from the conductor's own machine */
  constructor(
    host: string,
    start: StartSession,
    onRelease: () => void,
    dial: Place["dial"] = dialTcp,
  ) {
    this.host = host;
    this.#start = start;
    this.#onRelease = onRelease;
    this.#dial = dial;
  }

  /** What runs or is being started here. */
  get ids(): Iterable<string> {
    return this.#sessions.keys();
  }

  dial(destination: Destination, signal: AbortSignal): Promise<Duplex> {
    return this.#dial(destination, signal);
  }

  async start(request: SessionRequest, signal: AbortSignal): Promise<SessionProcess> {
    if (this.#ending.signal.aborted) throw new ConsoleError("this place was given back");
    const starting = this.#start(request, AbortSignal.any([signal, this.#ending.signal]));
    this.#sessions.set(request.id, starting);
    const forget = (): void => void this.#sessions.delete(request.id);
    try {
      const session = await starting;
      void session.ended.then(forget);
      return session;
    } catch (error) {
      forget();
      throw error;
    }
  }

  async release(): Promise<void> {
    this.#released ??= this.#release();
    await this.#released;
  }

  async #release(): Promise<void> {
    this.#ending.abort(new ConsoleError("the session's place was given back"));
    const endings = [...this.#sessions.values()].map(async (starting) => {
      const session = await starting.catch(() => undefined);
      await session?.end();
    });
    await Promise.all(endings);
    this.#onRelease();
  }
}

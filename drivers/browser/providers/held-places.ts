/**
 * The seats of a provider that has them all in one place: gives out as many as there are, and none any more
 * once it stops. It starts no session by itself.
 */
import { ConsoleError } from "../../base.ts";
import { HeldPlace, type StartSession } from "./held-place.ts";

export class HeldPlaces {
  readonly capacity: number;
  readonly #host: string;
  readonly #start: StartSession;
  readonly #places = new Set<HeldPlace>();
  #stopped = false;

  /** @param host what they are called in the log */
  constructor(capacity: number, host: string, start: StartSession) {
    this.capacity = capacity;
    this.#host = host;
    this.#start = start;
  }

  /** @returns undefined when every one is taken @throws {ConsoleError} after {@link stop} */
  take(): HeldPlace | undefined {
    if (this.#stopped) throw new ConsoleError("browser sessions are being ended here");
    if (this.#places.size >= this.capacity) return undefined;
    const place = new HeldPlace(this.#host, this.#start, () => this.#places.delete(place));
    this.#places.add(place);
    return place;
  }

  /** Of the sessions that run or are being started. */
  get ids(): ReadonlySet<string> {
    return new Set([...this.#places].flatMap((place) => [...place.ids]));
  }

  /** Gives all of them back, with what runs on them. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#places].map((place) => place.release()));
  }
}

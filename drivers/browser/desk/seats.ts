/** Who gets a seat: those who wait, in their order; browsers started ahead only with what is left. */
import type { Config, Logger } from "../../base.ts";
import { launch, newSessionId, type Launched, type LaunchWish } from "./launch.ts";
import type { DeskParts } from "./parts.ts";
import type { Place } from "../providers/provider.ts";
import { PlaceQueue } from "./place-queue.ts";
import { WarmPool } from "./warm-pool.ts";

/** What most recipes ask for; one that asks for another size starts cold. */
const WARM_WISH: LaunchWish = {
  size: { width: 1280, height: 960 },
  userAgent: undefined,
  java: false,
  file: null,
};

type Parts = Pick<DeskParts, "provider" | "makeGate" | "openKiosk" | "scheduler" | "log"> & {
  readonly config: Pick<Config, "browser">;
};

export class Seats {
  readonly #parts: Parts;
  readonly #log: Logger;
  readonly #queue: PlaceQueue;
  readonly #warm: WarmPool;

  constructor(parts: Parts) {
    const { config, scheduler, provider, log } = parts;
    this.#parts = parts;
    this.#log = log;
    this.#queue = new PlaceQueue({
      scheduler,
      timeoutMs: config.browser.queue_timeout * 1000,
      take: (signal) => this.#take(signal),
    });
    this.#warm = new WarmPool({
      // Where the network is confined by a policy, the BMC has to be known before the browser starts.
      size: provider.egress === "gate" ? config.browser.warm_sessions : 0,
      wish: WARM_WISH,
      scheduler,
      log,
      make: (wish, signal) => this.#make(wish, signal),
    });
  }

  /** A browser that waits; the caller ends it. */
  takeWarm(wish: LaunchWish): Launched | undefined {
    const taken = this.#warm.take(wish);
    if (taken) this.#warm.fill();
    return taken;
  }

  /** A seat of the caller's own. @throws {PageError} {@link ConsoleError} */
  async place(signal: AbortSignal, onPosition: (position: number) => void): Promise<Place> {
    return await this.#queue.place(signal, onPosition);
  }

  /** A seat for a short look at a BMC; undefined when all are taken. */
  async spare(signal: AbortSignal): Promise<Place | undefined> {
    return this.#queue.waiting > 0 ? undefined : await this.#take(signal);
  }

  /** A seat was given back. */
  freed(): void {
    this.#queue.poke();
    this.fill();
  }

  fill(): void {
    if (this.#queue.waiting === 0) this.#warm.fill();
  }

  async close(): Promise<void> {
    await this.#warm.close();
  }

  async #take(signal: AbortSignal): Promise<Place | undefined> {
    const { provider } = this.#parts;
    const free = await provider.place(signal);
    if (free || !(await this.#warm.yieldSeat())) return free;
    return await provider.place(signal);
  }

  async #make(wish: LaunchWish, signal: AbortSignal): Promise<Launched | undefined> {
    const place = this.#queue.waiting > 0 ? undefined : await this.#parts.provider.place(signal);
    if (!place) return undefined;
    const id = newSessionId();
    return await launch(this.#parts, {
      id,
      place,
      wish,
      target: undefined,
      log: this.#log,
      signal,
    });
  }
}

/**
 * The image library of one api process: its files, what is being fetched, and the cleaning up after a
 * process that died in the middle. Who may do what is the routes' affair.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Clock } from "../common/clock.ts";
import type { Config } from "../common/config/options.ts";
import { ConfigInvalid, InvalidParameterValue, ShuttingDown } from "../common/errors.ts";
import { shownUrl } from "../common/image-names.ts";
import type { Logger } from "../common/log.ts";
import type { Database, Image } from "../db/database.ts";
import { fetchImage } from "./image-fetch.ts";
import { STALLED_MS, takeIn, type Incoming } from "./image-intake.ts";
import { ImagePlaces } from "./image-places.ts";
import { ImageStore } from "./image-store.ts";

const SWEEP_MS = 60_000;
/** A draft of an image that the database does not know may be another service's: a day without a byte is for sure. */
const OLD_DRAFT_MS = 86_400_000;
/** While it waits for its turn, a fetch says that it is alive. */
const WAIT_BEAT_MS = 5000;

export interface ImageLibraryDeps {
  readonly config: Config;
  readonly log: Logger;
  readonly clock: Clock;
  readonly database: Database;
}

export class ImageLibrary {
  readonly store: ImageStore;
  readonly #deps: ImageLibraryDeps;
  readonly #places: ImagePlaces;
  readonly #ending = new AbortController();
  readonly #fetches = new Set<Promise<void>>();
  #fetching = 0;
  #sweeper: NodeJS.Timeout | undefined;

  /** @throws {ConfigInvalid} */
  constructor(deps: ImageLibraryDeps) {
    const { fetch_networks, allow_fetch_from, store_dir } = deps.config.image;
    const mistakes: string[] = [];
    this.#places = new ImagePlaces(fetch_networks, allow_fetch_from, mistakes);
    if (mistakes.length > 0) throw new ConfigInvalid(mistakes);
    this.#deps = deps;
    this.store = new ImageStore(store_dir);
  }

  start(): void {
    this.#sweeper = setInterval(() => void this.sweep(), SWEEP_MS);
    void this.sweep();
  }

  /** Ends fetches. Uploads end with their connections. */
  async stop(): Promise<void> {
    clearInterval(this.#sweeper);
    this.#ending.abort(new ShuttingDown("the service is shutting down"));
    await Promise.allSettled(this.#fetches);
  }

  /** What a process that died had begun is failed, and its files are deleted. Never throws. */
  async sweep(): Promise<void> {
    const { database, clock, log } = this.#deps;
    try {
      const before = clock.now() - STALLED_MS;
      const failed = await database.images.failStalled(
        before,
        "the service stopped while it was coming",
      );
      const files = await this.#sweepFiles();
      if (failed + files > 0) log.info("swept the image library", { failed, files });
    } catch (error) {
      log.warn("could not sweep the image library", { error });
    }
  }

  /** What failed counts against nobody's limit any more, so it may not lie about either. */
  async #sweepFiles(): Promise<number> {
    const { database, clock } = this.#deps;
    const states = new Map((await database.images.list()).map(({ uuid, state }) => [uuid, state]));
    const now = clock.now();
    return await this.store.sweep(({ uuid, isDraft }) => {
      const state = states.get(uuid);
      if (state === undefined) return isDraft ? now - OLD_DRAFT_MS : undefined;
      const isComing = state === "uploading" || state === "fetching";
      return isComing || (state === "active" && !isDraft) ? undefined : now - STALLED_MS;
    });
  }

  /** @param image in state `uploading` */
  upload(image: Image, incoming: Omit<Incoming, "signal">): Promise<Image> {
    const signal = this.#ending.signal;
    return takeIn(this.#intake(), image, "uploading", { ...incoming, signal });
  }

  /** @throws {InvalidParameterValue} for a URL that is never fetched from */
  judge(url: URL): void {
    if (!this.#deps.config.image.allow_fetch)
      throw new InvalidParameterValue("images are not fetched here ([image]allow_fetch)");
    this.#places.judge(url);
  }

  /** Fetches in the background. @param image in state `fetching` */
  fetch(image: Image, url: URL): void {
    const work = this.#fetchInTurn(image, url)
      .catch((error: unknown) => {
        this.#deps.log.info("could not fetch an image", {
          image: image.uuid,
          source: shownUrl(url.href),
          error,
        });
      })
      .finally(() => this.#fetches.delete(work));
    this.#fetches.add(work);
  }

  async #fetchInTurn(image: Image, url: URL): Promise<void> {
    const { config, database } = this.#deps;
    const { fetch_workers: workers, fetch_timeout: seconds } = config.image;
    try {
      while (this.#fetching >= workers) {
        await pause(WAIT_BEAT_MS, undefined, { signal: this.#ending.signal });
        if (!(await database.images.update(image.uuid, {}, ["fetching"]))) return;
      }
    } catch {
      /* Stopped while it waited. */
      const error = "the service stopped before its turn came";
      await database.images.update(image.uuid, { state: "failed", error }, ["fetching"]);
      return;
    }
    this.#fetching += 1;
    const late = new AbortController();
    const deadline = setTimeout(
      () => late.abort(new InvalidParameterValue(`fetching it took more than ${seconds} seconds`)),
      seconds * 1000,
    );
    try {
      await this.#fetchNow(image, url, AbortSignal.any([late.signal, this.#ending.signal]));
    } finally {
      clearTimeout(deadline);
      this.#fetching -= 1;
    }
  }

  async #fetchNow(image: Image, url: URL, signal: AbortSignal): Promise<void> {
    const { images } = this.#deps.database;
    let begun = false;
    try {
      await fetchImage(url, { places: this.#places, signal }, async (fetched) => {
        begun = true;
        await images.update(image.uuid, { totalBytes: fetched.lengthBytes }, ["fetching"]);
        await takeIn(this.#intake(), image, "fetching", { ...fetched, signal });
      });
    } catch (error) {
      if (!begun) await this.#failed(image, error);
      throw error;
    }
  }

  async #failed(image: Image, cause: unknown): Promise<void> {
    const error = cause instanceof Error ? cause.message : String(cause);
    await this.#deps.database.images.update(image.uuid, { state: "failed", error }, ["fetching"]);
  }

  #intake() {
    const { config, log, clock, database } = this.#deps;
    return { config, log, clock, database, store: this.store };
  }
}

/**
 * Takes an image's content in, from wherever it comes: byte by byte into a draft file, never whole in
 * memory, within the sizes allowed, with its checksum, saying in the database how far it is. What ends
 * early or does not fit leaves no file.
 */
import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import type { Clock } from "../common/clock.ts";
import { Conflict, InvalidParameterValue, messageOf, RequestTooLarge } from "../common/errors.ts";
import type { Logger } from "../common/log.ts";
import { printable } from "../common/printable.ts";
import type { Database, Image, ImageState } from "../db/database.ts";
import { FORMAT_PROBE_BYTES, formatOf } from "./image-format.ts";
import type { ImageStore } from "./image-store.ts";

/** How often it says how far it is; what says nothing for STALLED_MS belongs to a process that died. */
const BEAT_MS = 1000;
export const STALLED_MS = 60_000;
/** Set aside at a time where nobody says how much is coming. */
const STEP_BYTES = 64 * 1024 * 1024;
/** A source that sends nothing for so long is given up. */
const IDLE_MS = 120_000;

export interface IntakeDeps {
  readonly config: { readonly image: { readonly max_size: number; readonly total_size: number } };
  readonly log: Logger;
  readonly clock: Clock;
  readonly database: Pick<Database, "images">;
  readonly store: ImageStore;
}

export interface Incoming {
  readonly content: AsyncIterable<Buffer>;
  /** What the source says; null when it does not. */
  readonly lengthBytes: number | null;
  /** Ends it from outside. */
  readonly signal: AbortSignal;
}

/**
 * @param image in state `state`, which keeps others from sending content to it
 * @returns the image, `active`
 * @throws {RequestTooLarge} {@link InvalidParameterValue} {@link Conflict}; the image is then `failed`
 */
export async function takeIn(
  deps: IntakeDeps,
  image: Image,
  state: Extract<ImageState, "uploading" | "fetching">,
  incoming: Incoming,
): Promise<Image> {
  try {
    return await new Intake(deps, image, state, incoming).run();
  } catch (error) {
    const reason = printable(messageOf(error), 500);
    deps.log.info("an image did not arrive", { image: image.uuid, reason });
    await deps.database.images.update(image.uuid, { state: "failed", error: reason }, [state]);
    throw error;
  }
}

class Intake {
  readonly #deps: IntakeDeps;
  readonly #image: Image;
  readonly #state: ImageState;
  readonly #incoming: Incoming;
  readonly #hash = createHash("sha256");
  readonly #ending = new AbortController();
  #start: Buffer = Buffer.alloc(0);
  #received = 0;
  #reserved = 0;
  #lastByteAt: number;

  constructor(deps: IntakeDeps, image: Image, state: ImageState, incoming: Incoming) {
    this.#deps = deps;
    this.#image = image;
    this.#state = state;
    this.#incoming = incoming;
    this.#lastByteAt = deps.clock.now();
  }

  async run(): Promise<Image> {
    const { lengthBytes, signal, content } = this.#incoming;
    if (lengthBytes !== null) await this.#makeRoom(lengthBytes);
    const draft = await this.#deps.store.create(this.#image.uuid);
    const beat = setInterval(() => void this.#beat(), BEAT_MS);
    try {
      const either = AbortSignal.any([signal, this.#ending.signal]);
      await copy(this.#metered(content), draft.handle, either);
      const digest = this.#judge();
      await draft.finish();
      return await this.#activate(digest);
    } catch (error) {
      throw reasonOf(error, this.#ending.signal, signal);
    } finally {
      clearInterval(beat);
      await draft.discard();
    }
  }

  async *#metered(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of content) {
      this.#lastByteAt = this.#deps.clock.now();
      const total = this.#received + chunk.length;
      if (total > this.#reserved) await this.#makeRoom(this.#nextStep(total));
      if (this.#start.length < FORMAT_PROBE_BYTES)
        this.#start = Buffer.concat([this.#start, chunk]).subarray(0, FORMAT_PROBE_BYTES);
      this.#hash.update(chunk);
      this.#received = total;
      yield chunk;
    }
  }

  #nextStep(total: number): number {
    const { max_size: most } = this.#deps.config.image;
    return Math.max(total, Math.min(this.#reserved + STEP_BYTES, most));
  }

  /** @throws {RequestTooLarge} when so much is not allowed, or the library is full */
  async #makeRoom(bytes: number): Promise<void> {
    const { max_size: most, total_size: limit } = this.#deps.config.image;
    if (bytes > most) throw new RequestTooLarge(`an image may have ${most} bytes at most`);
    if (!(await this.#deps.database.images.reserve(this.#image.uuid, bytes, limit)))
      throw new RequestTooLarge(
        `the image library has no room for ${bytes} more bytes (all images together: ${limit}); delete some`,
      );
    this.#reserved = bytes;
  }

  /** @returns the checksum. @throws {InvalidParameterValue} when this is not what was announced */
  #judge(): string {
    const { lengthBytes } = this.#incoming;
    const digest = this.#hash.digest("hex");
    if (this.#received === 0) throw new InvalidParameterValue("the image is empty");
    if (lengthBytes !== null && this.#received !== lengthBytes)
      throw new InvalidParameterValue(
        `the image ended after ${this.#received} of ${lengthBytes} bytes`,
      );
    const { sha256 } = this.#image;
    if (sha256 !== null && sha256 !== digest)
      throw new InvalidParameterValue(
        `the image has the SHA-256 checksum ${digest}, which is not the ${sha256} that was asked for`,
      );
    return digest;
  }

  async #activate(sha256: string): Promise<Image> {
    const changes = {
      state: "active",
      sha256,
      sizeBytes: this.#received,
      totalBytes: this.#received,
      format: formatOf(this.#start),
      error: null,
    } as const;
    const { images } = this.#deps.database;
    const active = await images.update(this.#image.uuid, changes, [this.#state]);
    if (active) return active;
    await this.#deps.store.remove(this.#image.uuid);
    throw deletedMeanwhile();
  }

  /** Says how far it is, and finds out when nobody wants it any more. */
  async #beat(): Promise<void> {
    if (this.#deps.clock.now() - this.#lastByteAt > IDLE_MS)
      return this.#ending.abort(
        new InvalidParameterValue(`nothing arrived for ${IDLE_MS / 1000} seconds`),
      );
    try {
      const changes = { sizeBytes: this.#received };
      const row = await this.#deps.database.images.update(this.#image.uuid, changes, [this.#state]);
      if (!row) this.#ending.abort(deletedMeanwhile());
    } catch (error) {
      this.#deps.log.warn("could not note an image's progress", { error });
    }
  }
}

/** One piece after the other, so that a slow disk slows the sender down. Ends at once when the signal aborts. */
async function copy(
  pieces: AsyncGenerator<Buffer>,
  file: FileHandle,
  signal: AbortSignal,
): Promise<void> {
  let abort = (): void => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => reject(signal.reason as Error);
  });
  aborted.catch(() => {});
  signal.addEventListener("abort", abort, { once: true });
  try {
    signal.throwIfAborted();
    for (;;) {
      const next = pieces.next();
      next.catch(() => {}); /* it may come when nobody waits any more */
      const { done, value } = await Promise.race([next, aborted]);
      if (done) return;
      for (let written = 0; written < value.length;)
        written += (await file.write(value, written)).bytesWritten;
    }
  } finally {
    signal.removeEventListener("abort", abort);
    void pieces.return(undefined).catch(() => {});
  }
}

function deletedMeanwhile(): Conflict {
  return new Conflict("the image was deleted while its content was coming");
}

/** Why it was ended, rather than that it was. */
function reasonOf(error: unknown, own: AbortSignal, outer: AbortSignal): unknown {
  if (own.aborted) return own.reason;
  return outer.aborted ? outer.reason : error;
}

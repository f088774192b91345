/**
 * Whether a token opens an image now, and to whom: the signature first, which keeps strangers away from
 * the database, then the attachment's row. What the database said is remembered for a moment, because a
 * BMC asks for a few kilobytes at a time, thousands of times.
 */
import type { Clock } from "../common/clock.ts";
import type { ImageTokens } from "../common/image-token.ts";
import type { Database, ServedMedia } from "../db/database.ts";

const REMEMBERED_MS = 1000;
const MOST_REMEMBERED = 1000;

interface Remembered {
  readonly until: number;
  readonly served: ServedMedia | undefined;
}

export class ImageGrants {
  readonly #tokens: ImageTokens;
  readonly #database: Pick<Database, "media">;
  readonly #clock: Clock;
  readonly #remembered = new Map<string, Remembered>();

  constructor(deps: {
    readonly tokens: ImageTokens;
    readonly database: Pick<Database, "media">;
    readonly clock: Clock;
  }) {
    this.#tokens = deps.tokens;
    this.#database = deps.database;
    this.#clock = deps.clock;
  }

  /** @returns what the token opens; undefined when it opens nothing (any more) */
  async find(token: string): Promise<ServedMedia | undefined> {
    const now = this.#clock.now();
    const grant = this.#tokens.verify(token, now);
    if (!grant) return undefined;
    const served = await this.#row(grant.grantId, now);
    const meant =
      served?.media.nodeUuid === grant.nodeUuid && served.image.uuid === grant.imageUuid;
    return meant ? served : undefined;
  }

  /** The same again, for a transfer that goes on; asks the database anew. */
  async stillServed(grantId: string): Promise<boolean> {
    return (await this.#ask(grantId, this.#clock.now())) !== undefined;
  }

  async #row(grantId: string, now: number): Promise<ServedMedia | undefined> {
    const known = this.#remembered.get(grantId);
    return known && known.until > now ? known.served : this.#ask(grantId, now);
  }

  async #ask(grantId: string, now: number): Promise<ServedMedia | undefined> {
    const served = await this.#database.media.findServed(grantId);
    this.#remembered.delete(grantId);
    this.#remembered.set(grantId, { until: now + REMEMBERED_MS, served });
    if (this.#remembered.size > MOST_REMEMBERED) {
      const [oldest] = this.#remembered.keys();
      if (oldest !== undefined) this.#remembered.delete(oldest);
    }
    return served;
  }
}

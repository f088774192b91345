/**
 * Gets the right to dial a line for a viewer who has arrived here: takes it when it is free, waits
 * while an idle one is handed over. Never takes one from a proxy that the database knows as living. Dials
 * nothing itself.
 */
import { setTimeout as pause } from "node:timers/promises";
import { LineHeldElsewhere, ShuttingDown } from "../../common/errors.ts";
import type { ConsoleLineRepository } from "../../db/database.ts";

/** How long a viewer waits for a line that another proxy lets go. */
const HAND_OVER_MILLISECONDS = 2500;
const HAND_OVER_POLL_MILLISECONDS = 150;

export class LineClaim {
  readonly #lines: ConsoleLineRepository;
  readonly #host: string;
  readonly #signal: AbortSignal;

  /** @param host name of this proxy @param signal aborts when it stops */
  constructor(lines: ConsoleLineRepository, host: string, signal: AbortSignal) {
    this.#lines = lines;
    this.#host = host;
    this.#signal = signal;
  }

  /**
   * Resolves when the line's row names this proxy.
   * @throws {LineHeldElsewhere} {@link ShuttingDown} {@link TemporaryFailure}
   */
  async take(nodeUuid: string): Promise<void> {
    const until = performance.now() + HAND_OVER_MILLISECONDS;
    const signal = this.#signal;
    for (;;) {
      if (signal.aborted) throw new ShuttingDown("the console proxy is shutting down");
      const { proxyHost } = await this.#lines.claim(nodeUuid, this.#host);
      if (proxyHost === this.#host) return;
      if (performance.now() >= until) throw heldElsewhere();
      await pause(HAND_OVER_POLL_MILLISECONDS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** @throws {LineHeldElsewhere} when a viewer who came now would meet that */
  async checkReachable(nodeUuid: string): Promise<void> {
    const row = await this.#lines.get(nodeUuid);
    if (!row || row.proxyHost === this.#host || row.wantedBy !== this.#host) return;
    const living = await this.#lines.listProxyUrls();
    if (living.some((proxy) => proxy.host === row.proxyHost)) throw heldElsewhere();
  }
}

function heldElsewhere(): LineHeldElsewhere {
  return new LineHeldElsewhere(
    "people watch this machine's serial line through another console proxy",
  );
}

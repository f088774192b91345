/**
 * Notices proxies that died and never came back, whose open sessions would take up places of their nodes
 * for ever, and closes those. It compares signs of life with those it saw before, so clocks of different
 * machines need not agree.
 */
import type { ConsoleProxy } from "../db/database.ts";
import type { ConductorService } from "./service.ts";

/** Signs of life that a proxy may miss. */
const PATIENCE = 3;
const SHORTEST_SILENCE_SECONDS = 60;
/** Looks per silence that is too long. */
const LOOKS = 4;

type Deps = Pick<ConductorService, "clock" | "log"> & {
  readonly config: { readonly vnc: { readonly session_update_interval: number } };
  readonly database: {
    readonly sessions: Pick<
      ConductorService["database"]["sessions"],
      "listProxies" | "closeSilent"
    >;
  };
};

interface Seen {
  readonly beat: number | null;
  /** When it was seen first, milliseconds. */
  readonly since: number;
}

/** @returns the job: its spacing and its function */
export function createSilentProxies(deps: Deps): {
  readonly spacingSeconds: number;
  readonly run: () => Promise<void>;
} {
  const { sessions } = deps.database;
  const silenceSeconds = Math.max(
    SHORTEST_SILENCE_SECONDS,
    PATIENCE * deps.config.vnc.session_update_interval,
  );
  const spacingSeconds = Math.ceil(silenceSeconds / LOOKS);
  let seen = new Map<string, Seen>();
  let lookedAt = Number.NEGATIVE_INFINITY;

  async function run(): Promise<void> {
    const now = deps.clock.now();
    /* We slept ourselves (a paused machine, a database gone): the others had no chance either. */
    const fresh = now - lookedAt > 2 * spacingSeconds * 1000 || now < lookedAt;
    const before = fresh ? new Map<string, Seen>() : seen;
    const proxies = await sessions.listProxies();
    lookedAt = now;
    seen = new Map(proxies.map(({ host, beat }) => [host, { beat, since: since(host, beat) }]));
    for (const proxy of proxies)
      if (now - since(proxy.host, proxy.beat) >= silenceSeconds * 1000) await giveUp(proxy);

    function since(host: string, beat: number | null): number {
      const last = before.get(host);
      return last?.beat === beat ? last.since : now;
    }
  }

  async function giveUp({ host, beat }: ConsoleProxy): Promise<void> {
    const closed = await sessions.closeSilent(host, beat);
    if (closed > 0)
      deps.log.warn("closed the sessions of a proxy that says nothing any more", {
        proxy: host,
        sessions: closed,
      });
  }

  return { spacingSeconds, run };
}

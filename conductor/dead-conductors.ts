/**
 * Tells dead conductors from living ones. One that withdrew is gone at once; one that merely fell silent
 * only when its sign of life has not changed for heartbeat_timeout before our own eyes, and we looked in
 * time all the while. So clocks need not agree, and a database outage or a paused machine kills nobody.
 */
import type { Conductor } from "../db/database.ts";
import type { ConductorService } from "./service.ts";

/** Part of the spacing of looks by which one may be late. */
const LATE = 2;

type Deps = Pick<ConductorService, "clock" | "host"> & {
  readonly config: {
    readonly conductor: Pick<
      ConductorService["config"]["conductor"],
      "heartbeat_interval" | "heartbeat_timeout"
    >;
  };
  readonly database: {
    readonly conductors: Pick<ConductorService["database"]["conductors"], "list" | "listAlive">;
  };
};

interface Seen {
  readonly beat: number;
  /** When it was seen first, milliseconds. */
  readonly since: number;
}

/** @returns a look, to be repeated every heartbeat_interval, that resolves to the dead ones' host names */
export function createDeadConductors(deps: Deps): () => Promise<string[]> {
  const { conductors } = deps.database;
  const { heartbeat_interval: spacing, heartbeat_timeout: timeout } = deps.config.conductor;
  let seen = new Map<string, Seen>();
  let lookedAt = Number.NEGATIVE_INFINITY;

  return async () => {
    const alive = await conductors.listAlive(timeout);
    const all = await conductors.list();
    const now = deps.clock.now();
    const inTime = now >= lookedAt && now - lookedAt <= LATE * spacing * 1000;
    const before = inTime ? seen : new Map<string, Seen>();
    lookedAt = now;
    seen = new Map(all.map((one) => [one.hostname, sight(one, before.get(one.hostname), now)]));
    const living = new Set([deps.host, ...alive.map((one) => one.hostname)]);
    const silent = ({ hostname }: Conductor): boolean =>
      now - (seen.get(hostname)?.since ?? now) >= timeout * 1000;
    return all
      .filter((one) => !living.has(one.hostname) && (!one.online || silent(one)))
      .map((one) => one.hostname);
  };
}

function sight({ updatedAt }: Conductor, last: Seen | undefined, now: number): Seen {
  return last?.beat === updatedAt ? last : { beat: updatedAt, since: now };
}

/** Deletes the history of sessions when [vnc]session_retention_days are over, a little at a time. */
import type { ConductorService } from "./service.ts";

const DAY_MILLISECONDS = 86_400_000;
/** Rows a statement: longer ones would keep sessions from opening on SQLite. */
const AT_ONCE = 1000;

type Deps = Pick<ConductorService, "clock" | "log"> & {
  readonly config: { readonly vnc: { readonly session_retention_days: number } };
  readonly pool: { readonly signal: AbortSignal };
  readonly database: {
    readonly sessions: Pick<ConductorService["database"]["sessions"], "deleteClosedBefore">;
  };
};

/** @returns the job's function */
export function createSessionRetention(deps: Deps): () => Promise<void> {
  return async () => {
    const days = deps.config.vnc.session_retention_days;
    if (days === 0) return;
    const before = deps.clock.now() - days * DAY_MILLISECONDS;
    let deleted = 0;
    for (let count = AT_ONCE; count === AT_ONCE && !deps.pool.signal.aborted; deleted += count)
      count = await deps.database.sessions.deleteClosedBefore(before, AT_ONCE);
    if (deleted > 0) deps.log.info("deleted old console sessions", { sessions: deleted, days });
  };
}

/**
 * Tells others that sessions have ended: any conductor takes what is due, tries, and puts off what
 * failed. At least once each; the session's id lets the receiver drop a repeat.
 */
import { readFileSync } from "node:fs";
import { Agent } from "undici";
import { messageOf, StartupError } from "../common/errors.ts";
import type { EndedSession } from "../db/close-hooks.ts";
import { closeHookKey } from "./close-hook-key.ts";
import { closeHookMessage, sendCloseHook } from "./close-hook-request.ts";
import { checkCloseUrl } from "./close-url.ts";
import { forEachLimited } from "./for-each-limited.ts";
import type { ConductorService } from "./service.ts";

const AT_ONCE = 50;
const PARALLEL = 8;
/** Pauses after the first, second, … failure; the last one repeats. */
const PAUSES_SECONDS = [5, 30, 120, 600, 3600];
const SPACING_SECONDS = 2;

type Deps = Pick<ConductorService, "clock" | "log"> & {
  readonly config: Pick<ConductorService["config"], "close_hook">;
  readonly pool: Pick<ConductorService["pool"], "signal">;
  readonly database: Pick<ConductorService["database"], "hooks">;
};

/** @returns the job's spacing and function; spacing 0 when nobody wants to be told */
export function createCloseHooks(deps: Deps): {
  readonly spacingSeconds: number;
  readonly run: () => Promise<void>;
} {
  const { close_hook: options } = deps.config;
  if (options.url === "" && options.allowed_urls.length === 0)
    return { spacingSeconds: 0, run: async () => undefined };
  const key = closeHookKey(options.key_file);
  const ca = authorities(options.cafile);

  async function run(): Promise<void> {
    const due = await deps.database.hooks.listDue(deps.clock.now(), AT_ONCE);
    if (due.length === 0) return;
    const dispatcher = new Agent({
      connections: PARALLEL,
      connect: ca === undefined ? {} : { ca },
    });
    try {
      await forEachLimited(due, PARALLEL, deps.pool.signal, (one) => tell(one, dispatcher));
    } finally {
      await dispatcher.destroy();
    }
  }

  async function tell(session: EndedSession, dispatcher: Agent): Promise<void> {
    try {
      await tellOne(session, dispatcher);
    } catch (error) {
      /* the database: it stays due */
      deps.log.warn("could not work on a close hook", { reason: messageOf(error) });
    }
  }

  async function tellOne(session: EndedSession, dispatcher: Agent): Promise<void> {
    const now = deps.clock.now();
    /* Another one may try again when this conductor dies in the middle. */
    const until = now + 2 * options.timeout * 1000;
    if (!(await deps.database.hooks.claim(session, until))) return;
    const url = placeOf(session);
    if (url === "") return await deps.database.hooks.next(session.id, null);
    try {
      const message = closeHookMessage(session, now, key);
      const signal = AbortSignal.any([
        deps.pool.signal,
        AbortSignal.timeout(options.timeout * 1000),
      ]);
      await sendCloseHook(url, message, { dispatcher, signal });
      await deps.database.hooks.next(session.id, null);
    } catch (error) {
      await putOff(session, error);
    }
  }

  /** @returns empty for nobody: what the operator allowed once may not be allowed any more */
  function placeOf({ id, nodeUuid, closeUrl }: EndedSession): string {
    if (closeUrl === null) return options.url;
    try {
      return checkCloseUrl(closeUrl, options.allowed_urls);
    } catch {
      deps.log.warn("a close_url is no longer below any of [close_hook]allowed_urls", {
        session: id,
        node: nodeUuid,
      });
      return "";
    }
  }

  async function putOff(session: EndedSession, error: unknown): Promise<void> {
    const now = deps.clock.now();
    const pause = PAUSES_SECONDS[Math.min(session.tries, PAUSES_SECONDS.length - 1)] ?? 0;
    const givesUp = now + pause * 1000 > session.closedAt + options.give_up_after * 1000;
    await deps.database.hooks.next(session.id, givesUp ? null : now + pause * 1000);
    const fields = { session: session.id, node: session.nodeUuid, reason: messageOf(error) };
    if (givesUp) deps.log.error("gave up telling that a console session has ended", fields);
    else deps.log.warn("could not tell that a console session has ended", { ...fields, pause });
  }

  return { spacingSeconds: SPACING_SECONDS, run };
}

function authorities(file: string): string | undefined {
  if (file === "") return undefined;
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new StartupError(`cannot read [close_hook]cafile "${file}": ${messageOf(cause)}`, {
      cause,
    });
  }
}

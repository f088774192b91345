/**
 * Lets the api read a node's console log, which the proxies keep: a token for this one purpose and for a
 * minute. Unlike a console link it opens no session, and unlike one it is given out when the console is
 * off too: a log is read most when a machine has died. Never shown to the one who asks.
 */
import type { RequestContext } from "../common/request-context.ts";
import type { ConductorApi } from "./rpcapi.ts";
import type { ConductorService } from "./service.ts";

const TOKEN_SECONDS = 60;
/** Somebody who follows a log asks every second, and stands in ours this often. */
const SAID_MILLISECONDS = 10 * 60_000;
const MOST_REMEMBERED = 1000;

export function createConsoleLogToken(
  service: ConductorService,
): Pick<ConductorApi, "authorizeConsoleLog"> {
  /** When it was last said that a user reads a node's log. */
  const said = new Map<string, number>();

  function isNews(reader: string): boolean {
    const now = service.clock.now();
    if (now - (said.get(reader) ?? Number.NEGATIVE_INFINITY) < SAID_MILLISECONDS) return false;
    if (said.size >= MOST_REMEMBERED) said.clear();
    said.set(reader, now);
    return true;
  }

  return {
    authorizeConsoleLog: async (context: RequestContext, uuid: string): Promise<string> => {
      const { token, grant } = await service.database.tokens.authorize({
        nodeUuid: uuid,
        consoleType: "serial",
        mode: "log",
        userId: context.userId,
        projectId: context.projectId,
        ttlSeconds: TOKEN_SECONDS,
      });
      const level = isNews(`${uuid} ${context.userId}`) ? "info" : "debug";
      service.log.log(level, "console log read", {
        node: uuid,
        requestId: context.requestId,
        user: context.userName ?? context.userId,
        project: context.projectId,
        grant: grant.id,
      });
      return token;
    },
  };
}

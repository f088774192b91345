/**
 * Who else is on the same machine's screen, over all proxies: tells a newcomer, and lets him take the
 * machine over. Whoever only watches stays; whoever could type is sent away with a word and may join again.
 */
import type { ConsoleSessionRepository } from "../db/database.ts";
import { messageOf } from "../common/errors.ts";
import type { Logger } from "../common/log.ts";
import type { SessionRecord } from "./session-record.ts";
import type { SessionNotice } from "../common/session-notices.ts";

type OthersNotice = Extract<SessionNotice, { type: "others" }>;

export class Company {
  readonly #sessions: Pick<ConsoleSessionRepository, "listActive" | "requestKillOthers">;
  readonly #pollKills: () => Promise<void>;
  readonly #log: Logger;

  /** @param deps `pollKills` ends those of this proxy at once */
  constructor(deps: {
    readonly sessions: Pick<ConsoleSessionRepository, "listActive" | "requestKillOthers">;
    readonly pollKills: () => Promise<void>;
    readonly log: Logger;
  }) {
    this.#sessions = deps.sessions;
    this.#pollKills = deps.pollKills;
    this.#log = deps.log;
  }

  /** @returns undefined when the database does not say: nobody's session depends on it */
  async of({ id, nodeUuid }: SessionRecord): Promise<OthersNotice | undefined> {
    try {
      const all = await this.#sessions.listActive({ nodeUuid });
      const others = all.filter((one) => one.id !== id && one.killReason === null);
      const controlling = others.filter(({ mode }) => mode === "control").length;
      return { type: "others", controlling, watching: others.length - controlling };
    } catch (error) {
      this.#log.warn("cannot tell who else is on a console", { reason: messageOf(error) });
      return undefined;
    }
  }

  /** Ends the other sessions that may type. For a session that may type itself. */
  async takeOver({ id, nodeUuid }: SessionRecord): Promise<void> {
    try {
      const ended = await this.#sessions.requestKillOthers(nodeUuid, id, "taken_over");
      this.#log.info("console taken over", { session: id, node: nodeUuid, ended });
      await this.#pollKills();
    } catch (error) {
      this.#log.warn("a console could not be taken over", {
        session: id,
        reason: messageOf(error),
      });
    }
  }
}

/**
 * The ends of sessions that somebody wants to be told of. The session's own row is the queue: whoever
 * closed it, and whatever died meanwhile, nothing has to be handed over.
 */
import type { SessionMode } from "./database.ts";
import type { ConsoleType } from "../common/console-endpoint.ts";
import type { Engine, Statement } from "./engine.ts";

export interface EndedSession {
  readonly id: string;
  readonly nodeUuid: string;
  /** Null when the node is gone. */
  readonly nodeName: string | null;
  readonly consoleType: ConsoleType;
  readonly mode: SessionMode;
  readonly userId: string | null;
  readonly projectId: string | null;
  readonly sourceAddress: string;
  readonly openedAt: number;
  readonly lastInputAt: number | null;
  readonly closedAt: number;
  readonly closedReason: string;
  readonly bytesToTenant: number;
  readonly bytesToHost: number;
  /** Whom to tell; null for the configuration's own. */
  readonly closeUrl: string | null;
  /** How often that was tried. */
  readonly tries: number;
  /** The time it was due: proves to `claim` that nobody else was faster. */
  readonly dueAt: number;
}

export interface CloseHookRepository {
  /** Oldest first. */
  listDue(now: number, limit: number): Promise<EndedSession[]>;
  /** Takes one until `until`, counting the try. @returns false when another conductor was faster */
  claim(session: Pick<EndedSession, "id" | "dueAt">, until: number): Promise<boolean>;
  /** @param at null when it is done with */
  next(id: string, at: number | null): Promise<void>;
}

const COLUMNS = `session.id, session.node_uuid, node.name as node_name, session.console_type,
  session.mode, session.user_id, session.project_id, session.source_address, session.opened_at,
  session.last_input_at, session.closed_at, session.closed_reason, session.bytes_to_tenant,
  session.bytes_to_host, session.close_url, session.close_hook_tries, session.close_hook_at`;

export class CloseHookTable implements CloseHookRepository {
  readonly #engine: Engine;
  readonly #statements: Readonly<Record<"due" | "claim" | "next", Statement>>;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#statements = {
      due: engine.statement(
        `select ${COLUMNS} from console_sessions as session
         left join nodes as node on node.uuid = session.node_uuid
         where session.close_hook_at <= ? and session.closed_at is not null
         order by session.close_hook_at, session.id limit ?`,
      ),
      claim: engine.statement(
        `update console_sessions set close_hook_at = ?, close_hook_tries = close_hook_tries + 1
         where id = ? and close_hook_at = ?`,
      ),
      next: engine.statement("update console_sessions set close_hook_at = ? where id = ?"),
    };
  }

  async listDue(now: number, limit: number): Promise<EndedSession[]> {
    const { rows } = await this.#engine.run(this.#statements.due, [now, limit]);
    return rows.map(endedSession);
  }

  async claim({ id, dueAt }: Pick<EndedSession, "id" | "dueAt">, until: number): Promise<boolean> {
    return (await this.#engine.run(this.#statements.claim, [until, id, dueAt])).count > 0;
  }

  async next(id: string, at: number | null): Promise<void> {
    await this.#engine.run(this.#statements.next, [at, id]);
  }
}

function endedSession(row: Record<string, unknown>): EndedSession {
  const text = (column: string): string => row[column] as string;
  const textOrNull = (column: string): string | null => row[column] as string | null;
  return {
    id: text("id"),
    nodeUuid: text("node_uuid"),
    nodeName: textOrNull("node_name"),
    consoleType: text("console_type") as ConsoleType,
    mode: text("mode") as SessionMode,
    userId: textOrNull("user_id"),
    projectId: textOrNull("project_id"),
    sourceAddress: text("source_address"),
    openedAt: Number(row["opened_at"]),
    lastInputAt: row["last_input_at"] === null ? null : Number(row["last_input_at"]),
    closedAt: Number(row["closed_at"]),
    closedReason: text("closed_reason"),
    bytesToTenant: Number(row["bytes_to_tenant"]),
    bytesToHost: Number(row["bytes_to_host"]),
    closeUrl: textOrNull("close_url"),
    tries: Number(row["close_hook_tries"]),
    dueAt: Number(row["close_hook_at"]),
  };
}

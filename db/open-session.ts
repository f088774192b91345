/**
 * Opens a session: the path every click takes, so three prepared statements in one transaction.
 *
 * Why a revoked token cannot slip through: the token's row is taken first and stays held until
 * the session's row is committed. Who revokes (`tokens.cleanForNode`, then
 * `sessions.requestKillForNode`, in that order) either deletes the token before, and the session is
 * refused, or waits for the commit and then sees the session. The node's row, updated second, makes
 * the sessions of one node open one by one, so that two proxies cannot both take the last place; each
 * statement of READ COMMITTED sees what was committed before it began.
 */
import { randomUUID } from "node:crypto";
import type { StoredConsoleEndpoint } from "../common/console-endpoint.ts";
import { InvalidToken, NodeConsoleNotEnabled, TooManySessions } from "../common/errors.ts";
import { hashToken, looksLikeToken } from "../common/token.ts";
import { RowMapper } from "./columns.ts";
import type {
  ConsoleAuthToken,
  ConsoleSession,
  OpenedSession,
  OpenSessionRequest,
  SessionMode,
} from "./database.ts";
import type { Engine, Run, Statement } from "./engine.ts";
import { CONSOLE_AUTH_TOKEN_COLUMNS } from "./tables.ts";

type SessionGrant = ConsoleAuthToken & { readonly mode: SessionMode };

export class SessionOpener {
  readonly #engine: Engine;
  readonly #sessions: RowMapper<ConsoleSession>;
  readonly #tokens = new RowMapper<ConsoleAuthToken>(CONSOLE_AUTH_TOKEN_COLUMNS);
  readonly #useToken: Statement;
  readonly #lockNode: Statement;
  readonly #add: Statement;
  readonly #countOfToken: Statement;

  constructor(engine: Engine, sessions: RowMapper<ConsoleSession>) {
    this.#engine = engine;
    this.#sessions = sessions;
    this.#useToken = engine.statement(useToken(engine.dialect, this.#tokens.selectList));
    this.#lockNode = engine.statement(
      `update nodes set sessions_opened = sessions_opened + 1 where uuid = ? and console_enabled
       returning name, console_endpoint, console_history_since`,
    );
    const { columns, casts } = placeholders(engine.dialect);
    this.#add = engine.statement(
      `insert into console_sessions (${columns}) select ${casts}
       where (select count(*) from console_sessions where node_uuid = ? and closed_at is null) < ?
         and (${OF_TOKEN}) < ?`,
    );
    this.#countOfToken = engine.statement(OF_TOKEN);
  }

  async open(request: OpenSessionRequest): Promise<OpenedSession> {
    if (!looksLikeToken(request.token)) throw new InvalidToken();
    const hash = hashToken(request.token);
    return this.#engine.transaction((run) => this.#openWith(run, hash, request), "lazy");
  }

  async #openWith(run: Run, hash: string, request: OpenSessionRequest): Promise<OpenedSession> {
    const now = this.#engine.clock.now();
    const grant = await this.#grant(run, hash, now, request.nodeUuid);
    const node = await this.#node(run, grant.nodeUuid);
    const session = newSession(grant, request, now);
    const row = this.#sessions.toRow(session);
    const { maxSessionsPerNode, maxSessionsPerToken = Number.MAX_SAFE_INTEGER } = request;
    const { count } = await run(this.#add, [
      ...SESSION_COLUMNS_AT_START.map((column) => row[column]),
      grant.closeUrl,
      request.closeHook || grant.closeUrl !== null ? now : null,
      grant.nodeUuid,
      maxSessionsPerNode,
      grant.nodeUuid,
      grant.id,
      maxSessionsPerToken,
    ]);
    if (count === 0) {
      const [own] = (await run(this.#countOfToken, [grant.nodeUuid, grant.id])).rows;
      throw tooMany(Number(own?.["sessions"]) >= maxSessionsPerToken, request);
    }
    return {
      session,
      tokenExpiresAt: grant.expiresAt,
      node: { uuid: grant.nodeUuid, name: node.name, historySince: node.historySince },
      endpoint: node.endpoint,
    };
  }

  async #grant(
    run: Run,
    hash: string,
    now: number,
    nodeUuid: string | undefined,
  ): Promise<SessionGrant> {
    const [row] = (await run(this.#useToken, [hash, now])).rows;
    if (!row || (nodeUuid !== undefined && row["node_uuid"] !== nodeUuid)) throw new InvalidToken();
    const grant = this.#tokens.fromRow(row);
    if (grant.mode === "log") throw new InvalidToken();
    return { ...grant, mode: grant.mode };
  }

  async #node(
    run: Run,
    uuid: string,
  ): Promise<{
    readonly name: string | null;
    readonly historySince: number | null;
    readonly endpoint: StoredConsoleEndpoint;
  }> {
    const [row] = (await run(this.#lockNode, [uuid])).rows;
    const endpoint = row?.["console_endpoint"];
    if (!row || typeof endpoint !== "string")
      throw new NodeConsoleNotEnabled(`Console access is not enabled on node ${uuid}`);
    return {
      name: row["name"] as string | null,
      historySince: row["console_history_since"] as number | null,
      endpoint: JSON.parse(endpoint) as StoredConsoleEndpoint,
    };
  }
}

/** By way of the node, because there is an index of a node's running sessions. */
const OF_TOKEN = `select count(*) as sessions from console_sessions
  where node_uuid = ? and token_id = ? and closed_at is null`;

function tooMany(underToken: boolean, request: OpenSessionRequest): TooManySessions {
  return new TooManySessions(
    underToken
      ? `this link has as many console sessions as are allowed, ${request.maxSessionsPerToken}`
      : `this machine has as many console sessions as are allowed, ${request.maxSessionsPerNode}`,
  );
}

/**
 * Reads the token's row and holds it. On SQLite the transaction itself (BEGIN IMMEDIATE) keeps every
 * other writer out; on PostgreSQL an UPDATE that changes nothing locks the row.
 */
function useToken(dialect: "sqlite" | "postgresql", columns: string): string {
  const where = "where token_hash = ? and expires_at > ?";
  return dialect === "sqlite"
    ? `select ${columns} from console_auth_tokens ${where}`
    : `update console_auth_tokens set expires_at = expires_at ${where} returning ${columns}`;
}

/** The rest is null in a new row. */
const SESSION_COLUMNS_AT_START = [
  "id",
  "node_uuid",
  "token_id",
  "console_type",
  "mode",
  "user_id",
  "project_id",
  "source_address",
  "user_agent",
  "proxy_host",
  "opened_at",
  "bytes_to_tenant",
  "bytes_to_host",
] as const;
/** Of its end; the session itself knows nothing of them. */
const HOOK_COLUMNS = ["close_url", "close_hook_at"] as const;
const NUMBERS: readonly string[] = [
  "token_id",
  "opened_at",
  "bytes_to_tenant",
  "bytes_to_host",
  "close_hook_at",
];

/** PostgreSQL wants the types of bare values in a select list said. */
function placeholders(dialect: "sqlite" | "postgresql"): { columns: string; casts: string } {
  const names = [...SESSION_COLUMNS_AT_START, ...HOOK_COLUMNS];
  const casts = names.map((column) =>
    dialect === "sqlite" ? "?" : `?::${NUMBERS.includes(column) ? "bigint" : "text"}`,
  );
  return { columns: names.join(", "), casts: casts.join(", ") };
}

function newSession(grant: SessionGrant, request: OpenSessionRequest, now: number): ConsoleSession {
  return {
    id: randomUUID(),
    nodeUuid: grant.nodeUuid,
    tokenId: grant.id,
    consoleType: grant.consoleType,
    mode: grant.mode,
    userId: grant.userId,
    projectId: grant.projectId,
    sourceAddress: request.sourceAddress,
    userAgent: request.userAgent,
    proxyHost: request.proxyHost,
    openedAt: now,
    lastInputAt: null,
    closedAt: null,
    closedReason: null,
    killReason: null,
    bytesToTenant: 0,
    bytesToHost: 0,
  };
}

/**
 * The table `console_sessions`: one row a connection under a token. Closed rows stay as history.
 * Opening is in open-session.ts, who carries them in proxies.ts.
 */
import type { ClosedReason } from "../common/closed-reason.ts";
import { RowMapper } from "./columns.ts";
import type {
  ConsoleProxy,
  ConsoleSession,
  ConsoleSessionRepository,
  OpenedSession,
  OpenSessionRequest,
  SessionCounters,
  SessionEnd,
} from "./database.ts";
import type { Engine, Statement } from "./engine.ts";
import { SessionOpener } from "./open-session.ts";
import { ProxyTable } from "./proxies.ts";
import { CONSOLE_SESSION_COLUMNS } from "./tables.ts";

type StatementName =
  | "get"
  | "listAll"
  | "listOfNode"
  | "listOfProxy"
  | "listOfBoth"
  | "touch"
  | "close"
  | "killOfNode"
  | "killOthers"
  | "revoke"
  | "kill"
  | "killRequests"
  | "deleteClosedBefore";

export class ConsoleSessionTable implements ConsoleSessionRepository {
  readonly #engine: Engine;
  readonly #mapper = new RowMapper<ConsoleSession>(CONSOLE_SESSION_COLUMNS);
  readonly #opener: SessionOpener;
  readonly #proxies: ProxyTable;
  readonly #statements: Readonly<Record<StatementName, Statement>>;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#opener = new SessionOpener(engine, this.#mapper);
    this.#proxies = new ProxyTable(engine);
    this.#statements = statements(engine, this.#mapper.selectList);
  }

  open(request: OpenSessionRequest): Promise<OpenedSession> {
    return this.#opener.open(request);
  }

  async touch(counters: ReadonlyMap<string, SessionCounters>): Promise<void> {
    if (counters.size === 0) return;
    const batch = Array.from(counters, ([id, one]) => countersRow(id, one));
    await this.#engine.run(this.#statements.touch, [JSON.stringify(batch)], "lazy");
  }

  close(id: string, reason: string, counters: SessionCounters): Promise<void> {
    return this.closeAll([{ id, reason, counters }]);
  }

  async closeAll(ends: readonly SessionEnd[]): Promise<void> {
    if (ends.length === 0) return;
    const batch = ends.map(({ id, reason, counters }) => ({
      ...countersRow(id, counters),
      closed_reason: reason,
    }));
    const now = this.#engine.clock.now();
    await this.#engine.run(this.#statements.close, [now, JSON.stringify(batch)], "lazy");
  }

  async get(id: string): Promise<ConsoleSession | undefined> {
    return (await this.#rows("get", [id]))[0];
  }

  listActive(
    filter: { readonly nodeUuid?: string; readonly proxyHost?: string } = {},
  ): Promise<ConsoleSession[]> {
    const { nodeUuid, proxyHost } = filter;
    if (nodeUuid !== undefined && proxyHost !== undefined)
      return this.#rows("listOfBoth", [nodeUuid, proxyHost]);
    if (nodeUuid !== undefined) return this.#rows("listOfNode", [nodeUuid]);
    if (proxyHost !== undefined) return this.#rows("listOfProxy", [proxyHost]);
    return this.#rows("listAll", []);
  }

  requestKillForNode(nodeUuid: string, reason: ClosedReason): Promise<number> {
    return this.#count("killOfNode", [reason, nodeUuid]);
  }

  requestKillOthers(nodeUuid: string, exceptId: string, reason: ClosedReason): Promise<number> {
    return this.#count("killOthers", [reason, nodeUuid, exceptId]);
  }

  requestKill(id: string, reason: ClosedReason): Promise<boolean> {
    return this.#engine.transaction(async (run) => {
      await run(this.#statements.revoke, [id]);
      return (await run(this.#statements.kill, [reason, id])).count > 0;
    });
  }

  async killRequests(
    proxyHost: string,
  ): Promise<{ readonly id: string; readonly reason: ClosedReason }[]> {
    const { rows } = await this.#engine.run(this.#statements.killRequests, [proxyHost]);
    return rows.map((row) => ({
      id: row["id"] as string,
      reason: row["kill_reason"] as ClosedReason,
    }));
  }

  closeCrashed(proxyHost: string): Promise<number> {
    return this.#proxies.closeCrashed(proxyHost);
  }

  beat(proxyHost: string): Promise<boolean> {
    return this.#proxies.beat(proxyHost);
  }

  listProxies(): Promise<ConsoleProxy[]> {
    return this.#proxies.list();
  }

  closeSilent(proxyHost: string, beat: number | null): Promise<number> {
    return this.#proxies.closeSilent(proxyHost, beat);
  }

  deleteClosedBefore(time: number, limit: number): Promise<number> {
    return this.#count("deleteClosedBefore", [time, limit]);
  }

  async #rows(name: StatementName, values: readonly unknown[]): Promise<ConsoleSession[]> {
    const { rows } = await this.#engine.run(this.#statements[name], values);
    return rows.map((row) => this.#mapper.fromRow(row));
  }

  async #count(name: StatementName, values: readonly unknown[]): Promise<number> {
    return (await this.#engine.run(this.#statements[name], values)).count;
  }
}

function statements(engine: Engine, columns: string): Record<StatementName, Statement> {
  const active = `select ${columns} from console_sessions where closed_at is null`;
  const oldestFirst = "order by opened_at, id";
  /* The first request to end a session is the one its tenant is told. */
  const kill =
    "update console_sessions set kill_reason = coalesce(kill_reason, ?) where closed_at is null";
  return {
    get: engine.statement(`select ${columns} from console_sessions where id = ?`),
    listAll: engine.statement(`${active} ${oldestFirst}`),
    listOfNode: engine.statement(`${active} and node_uuid = ? ${oldestFirst}`),
    listOfProxy: engine.statement(`${active} and proxy_host = ? ${oldestFirst}`),
    listOfBoth: engine.statement(`${active} and node_uuid = ? and proxy_host = ? ${oldestFirst}`),
    touch: engine.statement(
      `update console_sessions
       set last_input_at = coalesce(batch.last_input_at, console_sessions.last_input_at),
           bytes_to_tenant = batch.bytes_to_tenant, bytes_to_host = batch.bytes_to_host
       from ${batchOf(engine.dialect, COUNTERS)}
       where console_sessions.id = batch.id and console_sessions.closed_at is null`,
    ),
    close: engine.statement(
      `update console_sessions
       set closed_at = ?, closed_reason = batch.closed_reason,
           last_input_at = coalesce(batch.last_input_at, console_sessions.last_input_at),
           bytes_to_tenant = batch.bytes_to_tenant, bytes_to_host = batch.bytes_to_host
       from ${batchOf(engine.dialect, [...COUNTERS, ["closed_reason", "text"]])}
       where console_sessions.id = batch.id and console_sessions.closed_at is null`,
    ),
    killOfNode: engine.statement(`${kill} and node_uuid = ?`),
    killOthers: engine.statement(`${kill} and node_uuid = ? and mode = 'control' and id <> ?`),
    revoke: engine.statement(
      `delete from console_auth_tokens
       where id = (select token_id from console_sessions where id = ? and closed_at is null)`,
    ),
    kill: engine.statement(`${kill} and id = ?`),
    killRequests: engine.statement(
      `select id, kill_reason from console_sessions
       where proxy_host = ? and closed_at is null and kill_reason is not null`,
    ),
    deleteClosedBefore: engine.statement(
      `delete from console_sessions where id in
         (select id from console_sessions where closed_at < ? order by closed_at limit ?)`,
    ),
  };
}

type BatchColumn = readonly [name: string, type: "text" | "bigint"];
const COUNTERS: readonly BatchColumn[] = [
  ["id", "text"],
  ["last_input_at", "bigint"],
  ["bytes_to_tenant", "bigint"],
  ["bytes_to_host", "bigint"],
];

function countersRow(id: string, counters: SessionCounters): Record<string, unknown> {
  return {
    id,
    last_input_at: counters.lastInputAt,
    bytes_to_tenant: counters.bytesToTenant,
    bytes_to_host: counters.bytesToHost,
  };
}

/** The table `batch`, whose rows travel as one JSON value, so that many changes are one statement. */
function batchOf(dialect: "sqlite" | "postgresql", columns: readonly BatchColumn[]): string {
  if (dialect === "sqlite") {
    const list = columns.map(([name]) => `value ->> '${name}' as ${name}`).join(", ");
    return `(select ${list} from json_each(?)) as batch`;
  }
  const list = columns.map(([name, type]) => `${name} ${type}`).join(", ");
  return `jsonb_to_recordset(?::jsonb) as batch (${list})`;
}

/**
 * The table `console_lines`: which proxy may dial which serial line. A line is taken, handed over and
 * given up by one conditional statement each; `proxies` says who lives, as for sessions.
 */
import { RowMapper } from "./columns.ts";
import type { ConsoleLine, ConsoleLineRepository, HeldLine } from "./database.ts";
import type { Engine, Statement } from "./engine.ts";
import { CONSOLE_LINE_COLUMNS } from "./tables.ts";

type StatementName =
  | "announce"
  | "urls"
  | "add"
  | "claim"
  | "get"
  | "history"
  | "held"
  | "unheld"
  | "report"
  | "hand over"
  | "release"
  | "release all";

export class ConsoleLineTable implements ConsoleLineRepository {
  readonly #engine: Engine;
  readonly #mapper = new RowMapper<ConsoleLine>(CONSOLE_LINE_COLUMNS);
  readonly #statements: Readonly<Record<StatementName, Statement>>;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#statements = statements(engine, this.#mapper.selectList);
  }

  async announce(proxyHost: string, url: string): Promise<void> {
    await this.#engine.run(this.#statements.announce, [proxyHost, url]);
  }

  async listProxyUrls(): Promise<{ readonly host: string; readonly url: string }[]> {
    const { rows } = await this.#engine.run(this.#statements.urls, []);
    return rows.map((row) => ({ host: row["host"] as string, url: row["url"] as string }));
  }

  claim(nodeUuid: string, proxyHost: string): Promise<ConsoleLine> {
    return this.#engine.transaction(async (run) => {
      const now = this.#engine.clock.now();
      const [added] = (await run(this.#statements.add, [nodeUuid, proxyHost, now])).rows;
      if (added) return this.#mapper.fromRow(added);
      const values = [proxyHost, now, proxyHost, proxyHost, proxyHost, nodeUuid];
      const [row] = (await run(this.#statements.claim, values)).rows;
      return this.#mapper.fromRow(row!);
    }, "lazy");
  }

  async listHeld(proxyHost: string): Promise<HeldLine[]> {
    const { rows } = await this.#engine.run(this.#statements.held, [proxyHost]);
    return rows.map((row) => {
      const endpoint = row["console_endpoint"] as string | null;
      return {
        line: this.#mapper.fromRow(row),
        historySince: row["console_history_since"] as number | null,
        endpoint: endpoint === null ? null : (JSON.parse(endpoint) as HeldLine["endpoint"]),
      };
    });
  }

  async listUnheld(limit: number): Promise<string[]> {
    const { rows } = await this.#engine.run(this.#statements.unheld, [limit]);
    return rows.map((row) => row["uuid"] as string);
  }

  async report(
    nodeUuid: string,
    proxyHost: string,
    { state, detail, retryAt }: Pick<ConsoleLine, "state" | "detail" | "retryAt">,
  ): Promise<void> {
    const now = this.#engine.clock.now();
    const values = [state, now, state, detail, retryAt, nodeUuid, proxyHost];
    await this.#engine.run(this.#statements.report, values);
  }

  async release(nodeUuid: string, proxyHost: string, to?: string): Promise<void> {
    const now = this.#engine.clock.now();
    if (to === undefined) await this.#engine.run(this.#statements.release, [nodeUuid, proxyHost]);
    else await this.#engine.run(this.#statements["hand over"], [to, now, nodeUuid, proxyHost]);
  }

  async releaseAll(proxyHost: string): Promise<number> {
    return (await this.#engine.run(this.#statements["release all"], [proxyHost])).count;
  }

  async get(nodeUuid: string): Promise<ConsoleLine | undefined> {
    const [row] = (await this.#engine.run(this.#statements.get, [nodeUuid])).rows;
    return row && this.#mapper.fromRow(row);
  }

  async historySince(nodeUuid: string): Promise<number | null> {
    const [row] = (await this.#engine.run(this.#statements.history, [nodeUuid])).rows;
    return (row?.["console_history_since"] ?? null) as number | null;
  }
}

function statements(engine: Engine, columns: string): Record<StatementName, Statement> {
  const alive = "exists (select 1 from proxies where proxies.host = console_lines.proxy_host)";
  const ofLine = columns.replaceAll(/\w+/g, "console_lines.$&");
  const serial = `console_endpoint like '%"consoleType":"serial"%'`;
  return {
    announce: engine.statement(
      `insert into proxy_addresses (host, url) values (?, ?)
       on conflict (host) do update set url = excluded.url`,
    ),
    urls: engine.statement(
      `select proxy_addresses.host, proxy_addresses.url from proxy_addresses
       join proxies on proxies.host = proxy_addresses.host order by proxy_addresses.host`,
    ),
    add: engine.statement(
      `insert into console_lines (node_uuid, proxy_host, state, since) values (?, ?, 'idle', ?)
       on conflict (node_uuid) do nothing returning ${columns}`,
    ),
    /* The one statement decides between "it was free, and is mine" and "noted that I want it". */
    claim: engine.statement(
      `update console_lines set
         since = case when ${alive} or proxy_host = ? then since else ? end,
         wanted_by = case when proxy_host = ? then wanted_by when ${alive} then ? else null end,
         proxy_host = case when ${alive} then proxy_host else ? end
       where node_uuid = ? returning ${columns}`,
    ),
    get: engine.statement(`select ${columns} from console_lines where node_uuid = ?`),
    history: engine.statement("select console_history_since from nodes where uuid = ?"),
    held: engine.statement(
      `select ${ofLine}, nodes.console_endpoint, nodes.console_history_since from console_lines
       left join nodes on nodes.uuid = console_lines.node_uuid
         and nodes.console_enabled and nodes.${serial}
       where console_lines.proxy_host = ?`,
    ),
    unheld: engine.statement(
      `select uuid from nodes
       where console_enabled and ${serial} and console_endpoint like '%"hold":"always"%'
         and console_endpoint not like '%"direct":true%'
         and not exists (
           select 1 from console_lines join proxies on proxies.host = console_lines.proxy_host
           where console_lines.node_uuid = nodes.uuid)
       order by uuid limit ?`,
    ),
    report: engine.statement(
      `update console_lines set since = case when state = ? then since else ? end,
         state = ?, detail = ?, retry_at = ?
       where node_uuid = ? and proxy_host = ?`,
    ),
    "hand over": engine.statement(
      `update console_lines set proxy_host = ?, state = 'idle', detail = null, retry_at = null,
         since = ?, wanted_by = null
       where node_uuid = ? and proxy_host = ?`,
    ),
    release: engine.statement("delete from console_lines where node_uuid = ? and proxy_host = ?"),
    "release all": engine.statement("delete from console_lines where proxy_host = ?"),
  };
}

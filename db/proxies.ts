/**
 * The table `proxies`: who carries sessions and lives. A conductor compares beats with those it saw
 * before, never with a clock, so that machines whose clocks differ do not end each other's sessions.
 *
 * Why nobody is closed behind a living proxy's back: giving it up and closing its sessions is one
 * transaction that owns the proxy's row, or its place; a beat at the same moment either makes the
 * transaction find nothing to do, or waits for it and is told that the proxy was given up.
 */
import type { ClosedReason } from "../common/closed-reason.ts";
import { RowMapper } from "./columns.ts";
import type { ConsoleProxy } from "./database.ts";
import type { Engine, Run, Statement } from "./engine.ts";
import { PROXY_COLUMNS } from "./tables.ts";

type StatementName = "beat" | "add" | "give up" | "leave" | "list" | "close";

export class ProxyTable {
  readonly #engine: Engine;
  readonly #mapper = new RowMapper<ConsoleProxy>(PROXY_COLUMNS);
  readonly #statements: Readonly<Record<StatementName, Statement>>;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#statements = statements(engine);
  }

  beat(host: string): Promise<boolean> {
    return this.#engine.transaction((run) => this.#beatWith(run, host), "lazy");
  }

  async list(): Promise<ConsoleProxy[]> {
    const { rows } = await this.#engine.run(this.#statements.list, []);
    return rows.map((row) => this.#mapper.fromRow(row));
  }

  closeCrashed(host: string): Promise<number> {
    return this.#engine.transaction(async (run) => {
      await this.#beatWith(run, host);
      return await this.#close(run, host);
    });
  }

  closeSilent(host: string, beat: number | null): Promise<number> {
    return this.#engine.transaction(async (run) => {
      const owned =
        beat === null
          ? await run(this.#statements.add, [host, this.#engine.clock.now()])
          : await run(this.#statements["give up"], [host, beat]);
      if (owned.count === 0) return 0;
      const closed = await this.#close(run, host);
      if (beat === null) await run(this.#statements.leave, [host]);
      return closed;
    });
  }

  async #beatWith(run: Run, host: string): Promise<boolean> {
    const now = this.#engine.clock.now();
    if ((await run(this.#statements.beat, [now, now, host])).count > 0) return true;
    await run(this.#statements.add, [host, now]);
    return false;
  }

  async #close(run: Run, host: string): Promise<number> {
    const reason: ClosedReason = "proxy_crashed";
    return (await run(this.#statements.close, [this.#engine.clock.now(), reason, host])).count;
  }
}

function statements(engine: Engine): Record<StatementName, Statement> {
  return {
    /* Never the same twice, even when the clock stands or goes back. */
    beat: engine.statement(
      "update proxies set beat = case when ? > beat then ? else beat + 1 end where host = ?",
    ),
    add: engine.statement(
      "insert into proxies (host, beat) values (?, ?) on conflict (host) do nothing",
    ),
    "give up": engine.statement("delete from proxies where host = ? and beat = ?"),
    leave: engine.statement("delete from proxies where host = ?"),
    list: engine.statement(
      `select host, beat from proxies
       union all
       select distinct proxy_host, cast(null as bigint) from console_sessions
       where closed_at is null
         and not exists (select 1 from proxies where proxies.host = console_sessions.proxy_host)`,
    ),
    close: engine.statement(
      `update console_sessions set closed_at = ?, closed_reason = ?
       where proxy_host = ? and closed_at is null`,
    ),
  };
}

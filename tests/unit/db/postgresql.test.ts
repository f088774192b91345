/** What only PostgreSQL can do to us. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { join } from "node:path";
import { Client } from "pg";
import { TemporaryFailure } from "../../../common/errors.ts";
import { openDatabase } from "../../../db/connect.ts";
import { openEngine } from "../../../db/open-engine.ts";
import { upgradeDatabase } from "../../../db/migrate.ts";
import { databaseOptions, describeOnPostgres } from "../../helpers/database.ts";
import { startPostgres } from "../../helpers/postgres.ts";
import { createNode, createConsoleNode, authorize, openRequest } from "./samples.ts";

/** A way to the server's unix socket whose connections can fall silent without a word. */
async function startRelay(path: string): Promise<{
  readonly port: number;
  /** The connections there are carry nothing any more. */
  silence(): void;
  stop(): void;
}> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(path);
    for (const socket of [near, far]) sockets.add(socket.on("error", () => undefined));
    near.pipe(far);
    far.pipe(near);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    silence: () => {
      for (const socket of sockets) socket.unpipe().pause();
    },
    stop: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

describeOnPostgres("a server that", (_fresh, kind) => {
  it("is shared with other clients of the process leaves their 64-bit numbers as text", async () => {
    const options = databaseOptions(await kind.unused());
    await upgradeDatabase(options);
    const database = await openDatabase(options);
    const { createdAt } = await createNode(database);
    assert.equal(typeof createdAt, "number");
    const client = new Client(options.connection);
    await client.connect();
    const { rows } = await client.query<{ created_at: unknown }>("select created_at from nodes");
    await client.end();
    await database.close();
    assert.equal(rows[0]?.created_at, String(createdAt));
  });

  it("sorts by a language's rules still gives our order", async () => {
    const options = databaseOptions(await kind.unused());
    await upgradeDatabase(options);
    const client = new Client(options.connection);
    await client.connect();
    const { rows } = await client.query<{ column_name: string }>(
      `select table_name || '.' || column_name as column_name from information_schema.columns
       where table_schema = current_schema() and data_type = 'text' and collation_name is null
         and column_name not in ('driver_info', 'driver_internal_info', 'properties', 'extra',
           'instance_info', 'network_data', 'driver_memos', 'console_endpoint', 'drivers', 'readings')`,
    );
    await client.end();
    assert.deepEqual(rows, []);
  });

  it("cuts every connection is used again at once", async () => {
    const options = databaseOptions(await kind.unused());
    await upgradeDatabase(options);
    const database = await openDatabase(options);
    await Promise.all(Array.from({ length: 4 }, () => database.ping()));
    const client = new Client(options.connection);
    await client.connect();
    await client.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'baremetal-console'",
    );
    await client.end();
    const deadline = performance.now() + 5000;
    for (;;)
      try {
        await database.ping();
        break;
      } catch (error) {
        assert.ok(error instanceof TemporaryFailure, String(error));
        assert.ok(performance.now() < deadline);
      }
    const { uuid } = await createConsoleNode(database);
    await database.sessions.open(openRequest(await authorize(database, uuid)));
    await database.close();
  });

  it("cuts a session half opened leaves no trace of it", async () => {
    const options = databaseOptions(await kind.unused());
    await upgradeDatabase(options);
    const database = await openDatabase(options);
    const { uuid } = await createConsoleNode(database);
    const token = await authorize(database, uuid);
    const rival = new Client(options.connection);
    await rival.connect();
    await rival.query("begin");
    await rival.query("update nodes set extra = extra");
    const opening = assert.rejects(database.sessions.open(openRequest(token)), TemporaryFailure);
    const observer = new Client(options.connection);
    await observer.connect();
    const deadline = performance.now() + 5000;
    for (let cut = 0; cut === 0;) {
      const { rowCount } = await observer.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where application_name = 'baremetal-console' and wait_event_type = 'Lock'`,
      );
      cut = rowCount ?? 0;
      assert.ok(performance.now() < deadline);
    }
    await opening;
    await rival.query("rollback");
    await rival.end();
    await observer.end();
    assert.deepEqual(await database.sessions.listActive(), []);
    await database.sessions.open(openRequest(token));
    await database.close();
  });

  it("is given a limit for every statement, except while the schema is upgraded", async () => {
    const options = databaseOptions(await kind.unused());
    const limits = async (forUpgrade: boolean): Promise<unknown[]> => {
      const engine = await openEngine(options, forUpgrade);
      const { rows } = (await engine.knex.raw("show statement_timeout")) as { rows: unknown[] };
      const { client } = engine.knex as unknown as {
        client: { connectionSettings: Record<string, unknown> };
      };
      await engine.close();
      return [rows[0], client.connectionSettings["query_timeout"]];
    };
    assert.deepEqual(await limits(false), [{ statement_timeout: "10s" }, 15_000]);
    assert.deepEqual(await limits(true), [{ statement_timeout: "0" }, undefined]);
  });

  it("falls silent is given up, and its connections with it", async () => {
    const [address = "", query = ""] = (await kind.unused()).split("?");
    const parameters = new URLSearchParams(query);
    const relay = await startRelay(join(parameters.get("host") ?? "", ".s.PGSQL.5432"));
    parameters.delete("host");
    const url = `${address.replace("@", `@127.0.0.1:${relay.port}`)}?${parameters.toString().replaceAll("+", "%20")}`;
    try {
      await upgradeDatabase(databaseOptions(url));
      const database = await openDatabase(databaseOptions(`${url}&query_timeout=300`));
      const calls = [
        () => database.ping(),
        () => database.nodes.list(),
        () => database.nodes.release("1be26c0b-03f2-4d2e-ae87-c02d7f33c123", "c1"),
      ];
      for (const call of calls) {
        await call();
        relay.silence();
        await assert.rejects(call(), TemporaryFailure);
      }
      await database.ping();
      await database.close();
    } finally {
      relay.stop();
    }
  });

  it("stops is answered with something to try again", async function () {
    this.timeout(60_000);
    const server = await startPostgres();
    const options = databaseOptions(server.url);
    await upgradeDatabase(options);
    const database = await openDatabase(options);
    try {
      await database.ping();
      await server.stop();
      const calls = [
        () => database.ping(),
        () => database.nodes.list(),
        () => database.nodes.get("x"),
        () => createNode(database),
        () => database.sessions.open(openRequest("x".repeat(43))),
        () => database.sessions.killRequests("p1"),
      ];
      for (const call of calls)
        await assert.rejects(call(), (error: unknown) => {
          assert.ok(error instanceof TemporaryFailure, String(error));
          return true;
        });
    } finally {
      await database.close();
      await server.stop();
    }
  });
});

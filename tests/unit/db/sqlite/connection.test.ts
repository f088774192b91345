import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { TemporaryFailure } from "../../../../common/errors.ts";
import { SqliteConnection, whileBusy } from "../../../../db/sqlite/connection.ts";
import { loadSqliteDriver } from "../../../../db/sqlite/driver.ts";
import { openDatabase } from "../../../../db/connect.ts";
import {
  closedAfterTest,
  databaseOptions,
  freshConnection,
  unusedSqliteConnection,
} from "../../../helpers/database.ts";
import { createNode } from "../samples.ts";

const driver = loadSqliteDriver();
const pathOf = (connection: string) => connection.slice("sqlite://".length);

function newFile(): string {
  const path = pathOf(unusedSqliteConnection());
  mkdirSync(dirname(path));
  return path;
}

describe("a SQLite connection", () => {
  let connection: SqliteConnection;
  beforeEach(() => {
    connection = new SqliteConnection(driver, newFile());
  });
  afterEach(() => connection.close());

  it("is set to lose nothing and to check references", () => {
    const setting = (name: string) =>
      Object.values(connection.run(`pragma ${name}`, []).rows[0] ?? {})[0];
    assert.equal(setting("journal_mode"), "wal");
    assert.equal(setting("synchronous"), 2); /* FULL, sqlite.org/pragma.html */
    assert.equal(setting("foreign_keys"), 1);
  });

  it("runs a SQLite without the write-ahead log's reset bug", () => {
    const version = String(connection.run("select sqlite_version() as v", []).rows[0]?.["v"]);
    const [major = 0, minor = 0, patch = 0] = version.split(".").map(Number);
    assert.ok(major * 1_000_000 + minor * 1000 + patch >= 3_051_003, version);
  });

  it("keeps undefined, booleans, dates and numbers up to 2^53 - 1", () => {
    const values = [undefined, true, false, new Date(5), 2 ** 53 - 1, null, "ü🖥"];
    const { rows } = connection.run("select ? a, ? b, ? c, ? d, ? e, ? f, ? g", values);
    assert.deepEqual(Object.values(rows[0] ?? {}), [null, 1, 0, 5, 2 ** 53 - 1, null, "ü🖥"]);
  });

  it("says how many rows a statement changed, or gives what it returns", () => {
    connection.run("create table t (n integer)", []);
    assert.equal(connection.run("insert into t values (1), (2)", []).count, 2);
    assert.equal(connection.run("update t set n = 7", []).count, 2);
    const returned = connection.run("delete from t where n = ? returning n", [7]);
    assert.deepEqual(
      returned.rows.map(({ n }) => n),
      [7, 7],
    );
    assert.equal(returned.count, 2);
  });

  it("goes on when more statements come than it keeps, and when the schema changes under them", () => {
    connection.run("create table t (n integer)", []);
    const insert = "insert into t values (?)";
    connection.run(insert, [0]);
    for (let n = 0; n < 300; n++) connection.run(`select ${n} from t`, []);
    connection.run("alter table t add column m integer default 5", []);
    connection.run("insert into t (n) values (?)", [1]);
    assert.deepEqual(
      connection.run("select n, m from t order by n", []).rows.map(({ n, m }) => [n, m]),
      [
        [0, 5],
        [1, 5],
      ],
    );
  });

  it("closes a file that is no database", () => {
    const path = newFile();
    connection.run(`vacuum into '${path}'`, []);
    assert.throws(() => new SqliteConnection(driver, dirname(path)), /unable to open/);
  });
});

describe("a SQLite file that another process writes to", () => {
  it("lets the event loop go on while a write waits its turn", async () => {
    const connectionString = await freshConnection();
    const database = closedAfterTest(await openDatabase(databaseOptions(connectionString)));
    const rival = new SqliteConnection(driver, pathOf(connectionString));
    rival.run("begin immediate", []);
    let settled = false;
    const creating = createNode(database, { name: "waits" }).finally(() => {
      settled = true;
    });
    /* Were the wait inside SQLite, this turn would not come before it gave up. */
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    assert.equal(settled, false);
    rival.run("commit", []);
    rival.close();
    assert.equal((await creating).name, "waits");
  });

  it("is read while another process writes", async () => {
    const connectionString = await freshConnection();
    const database = closedAfterTest(await openDatabase(databaseOptions(connectionString)));
    await createNode(database);
    const rival = new SqliteConnection(driver, pathOf(connectionString));
    rival.run("begin immediate", []);
    rival.run("delete from nodes", []);
    assert.equal((await database.nodes.list()).length, 1);
    rival.run("rollback", []);
    rival.close();
  });

  it("is given up after the busy timeout, as something to try again", async () => {
    const path = newFile();
    const [first, second] = [
      new SqliteConnection(driver, path),
      new SqliteConnection(driver, path),
    ];
    first.run("begin immediate", []);
    await assert.rejects(
      whileBusy(() => second.run("begin immediate", []), 20),
      TemporaryFailure,
    );
    first.close();
    await whileBusy(() => second.run("begin immediate", []), 20);
    second.close();
  });
});

import assert from "node:assert/strict";
import { Client } from "pg";
import type { Database } from "../../../db/database.ts";
import { openDatabase } from "../../../db/connect.ts";
import { upgradeDatabase } from "../../../db/migrate.ts";
import {
  closedAfterTest,
  databaseOptions,
  describeOnEveryDatabase,
  describeOnPostgres,
} from "../../helpers/database.ts";
import { SettableClock, authorize, createConsoleNode, openRequest } from "./samples.ts";

async function openOne(database: Database, proxyHost: string): Promise<string> {
  const { uuid } = await createConsoleNode(database);
  const token = await authorize(database, uuid);
  return (await database.sessions.open(openRequest(token, { proxyHost }))).session.id;
}

async function reasonOf(database: Database, id: string): Promise<string | null | undefined> {
  return (await database.sessions.get(id))?.closedReason;
}

describeOnEveryDatabase("proxies", (fresh) => {
  it("are known once they started, and change with every beat although the clock stands", async () => {
    const { sessions } = await fresh(new SettableClock());
    assert.deepEqual(await sessions.listProxies(), []);
    await sessions.closeCrashed("p1");
    const seen = new Set<number | null | undefined>();
    for (let beats = 0; beats < 3; beats += 1) {
      seen.add((await sessions.listProxies())[0]?.beat);
      assert.equal(await sessions.beat("p1"), true);
    }
    assert.equal(seen.size, 3);
    assert.ok(!seen.has(null));
  });

  it("are given up with their sessions, and no other's, when they have not beaten since", async () => {
    const database = await fresh();
    const { sessions } = database;
    await sessions.closeCrashed("p1");
    await sessions.closeCrashed("p2");
    const [dead, living] = [await openOne(database, "p1"), await openOne(database, "p2")];
    const proxies = await sessions.listProxies();
    const beatOf = (host: string) => proxies.find((one) => one.host === host)?.beat ?? null;
    await sessions.beat("p2");
    assert.equal(await sessions.closeSilent("p2", beatOf("p2")), 0);
    assert.equal(await sessions.closeSilent("p2", null), 0);
    assert.equal(await sessions.closeSilent("p1", beatOf("p1")), 1);
    assert.equal(await sessions.closeSilent("p1", beatOf("p1")), 0);
    assert.equal(await reasonOf(database, dead), "proxy_crashed");
    assert.equal(await reasonOf(database, living), null);
    assert.deepEqual(
      (await sessions.listProxies()).map((one) => one.host),
      ["p2"],
    );
  });

  it("hear at their next beat that they were given up, and are known again", async () => {
    const { sessions } = await fresh();
    assert.equal(await sessions.beat("p1"), false);
    const [proxy] = await sessions.listProxies();
    await sessions.closeSilent("p1", proxy?.beat ?? null);
    assert.equal(await sessions.beat("p1"), false);
    assert.equal(await sessions.beat("p1"), true);
  });

  it("that have sessions but are not known are listed once, and can be given up", async () => {
    const database = await fresh();
    const { sessions } = database;
    const ids = [await openOne(database, "p1"), await openOne(database, "p1")];
    assert.deepEqual(await sessions.listProxies(), [{ host: "p1", beat: null }]);
    assert.equal(await sessions.closeSilent("p1", null), 2);
    for (const id of ids) assert.equal(await reasonOf(database, id), "proxy_crashed");
    assert.deepEqual(await sessions.listProxies(), []);
  });
});

describeOnPostgres("a proxy that beats while it is being given up", (_fresh, kind) => {
  for (const known of [true, false])
    it(`waits for that and hears of it, when it was ${known ? "" : "not "}known`, async () => {
      const options = databaseOptions(await kind.unused());
      await upgradeDatabase(options);
      const database = closedAfterTest(await openDatabase(options));
      if (known) await database.sessions.beat("p1");
      const conductor = new Client(options.connection);
      await conductor.connect();
      try {
        await conductor.query("begin");
        if (!known) await conductor.query("insert into proxies (host, beat) values ('p1', 1)");
        await conductor.query("delete from proxies where host = 'p1'");
        let answer: boolean | undefined;
        const beating = database.sessions.beat("p1").then((value) => (answer = value));
        await database.ping();
        assert.equal(answer, undefined);
        await conductor.query("commit");
        assert.equal(await beating, false);
        assert.equal((await database.sessions.listProxies()).length, 1);
      } finally {
        await conductor.end();
      }
    });
});

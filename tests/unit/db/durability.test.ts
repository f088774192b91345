import assert from "node:assert/strict";
import { once } from "node:events";
import { randomInt } from "node:crypto";
import { text } from "node:stream/consumers";
import { Client } from "pg";
import { openDatabase } from "../../../db/connect.ts";
import type { Database } from "../../../db/database.ts";
import { findDamage } from "../../../db/integrity.ts";
import { upgradeDatabase } from "../../../db/migrate.ts";
import { openEngine } from "../../../db/open-engine.ts";
import { databaseOptions, describeOnEveryDatabase } from "../../helpers/database.ts";
import type { Acknowledged } from "./children/commit-loop.ts";
import { type Child, outputOf, startChild } from "./children/run.ts";

const KILLS = 5;
const ROUNDS = 15;
const ROUNDS_WITHOUT_END = "1000000";

/** Kills the child somewhere in its work. @returns everything it had acknowledged */
async function killedAtRandom(child: Child): Promise<Acknowledged[]> {
  const complaints = text(child.stderr);
  const ended = once(child, "close");
  const wanted = randomInt(1, 40);
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    output += chunk;
    if (output.split("\n").length > wanted) child.kill("SIGKILL");
  });
  const [, signal] = (await ended) as [number | null, string | null];
  assert.equal(signal, "SIGKILL", await complaints);
  const wholeLines = output.split("\n").slice(0, -1);
  return wholeLines.map((line) => JSON.parse(line) as Acknowledged);
}

/** Until the server has ended what the dead process had asked for. */
async function untilServerNoticed(connection: string): Promise<void> {
  const client = new Client(connection);
  await client.connect();
  try {
    const deadline = performance.now() + 5000;
    for (;;) {
      const { rowCount } = await client.query(
        "select 1 from pg_stat_activity where application_name = 'baremetal-console'",
      );
      if (rowCount === 0) return;
      assert.ok(performance.now() < deadline, "the server still serves a dead process");
    }
  } finally {
    await client.end();
  }
}

async function assertKept(database: Database, facts: readonly Acknowledged[], host: string) {
  for (const fact of facts)
    if ("session" in fact) {
      const session = await database.sessions.get(fact.session);
      assert.equal(session?.nodeUuid, fact.node);
      if (fact.did === "close") assert.equal(session.closedReason, "tenant_closed");
    } else {
      const node = await database.nodes.get(fact.node);
      if (fact.did === "reserve") assert.equal(node.reservation, host);
    }
}

describeOnEveryDatabase("durability", (_fresh, kind) => {
  it(`loses nothing acknowledged in ${KILLS} kills and tears no transaction`, async function () {
    this.timeout(60_000);
    const options = databaseOptions(await kind.unused());
    await upgradeDatabase(options);
    let acknowledged = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const host = `host-${kill}`;
      const facts = await killedAtRandom(
        startChild("commit-loop", options.connection, host, ROUNDS_WITHOUT_END),
      );
      acknowledged += facts.length;
      if (kind.dialect === "postgresql") await untilServerNoticed(options.connection);
      const database = await openDatabase(options);
      await assertKept(database, facts, host);
      /* The next start heals: at most one change had happened without being acknowledged. */
      const reserved = facts.filter(({ did }) => did === "reserve").length;
      const held = await database.nodes.list({ filters: { reservedBy: host } });
      assert.ok(held.length === reserved || held.length === reserved + 1);
      for (const { uuid } of held) await database.nodes.release(uuid, host);
      await database.sessions.closeCrashed(host);
      assert.deepEqual(await database.sessions.listActive(), []);
      await database.close();
      assert.deepEqual(await findDamage(options), []);
    }
    assert.ok(acknowledged > KILLS, `only ${acknowledged} changes`);
    const engine = await openEngine(options, false);
    const torn: unknown[] = await engine
      .knex("nodes")
      .select("uuid")
      .whereRaw(
        "sessions_opened <> (select count(*) from console_sessions where node_uuid = nodes.uuid)",
      );
    await engine.close();
    assert.deepEqual(torn, []);
  });

  it("keeps every change of several processes that write at once", async function () {
    this.timeout(60_000);
    const options = databaseOptions(await kind.unused());
    await upgradeDatabase(options);
    const hosts = ["host-1", "host-2", "host-3"];
    const outputs = await Promise.all(
      hosts.map((host) =>
        outputOf(startChild("commit-loop", options.connection, host, String(ROUNDS))),
      ),
    );
    const database = await openDatabase(options);
    for (const [index, output] of outputs.entries()) {
      const facts = output
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Acknowledged);
      assert.equal(facts.length, ROUNDS * 5);
      await assertKept(database, facts, hosts[index] ?? "");
    }
    assert.equal((await database.nodes.list()).length, ROUNDS * hosts.length);
    assert.equal((await database.sessions.listActive()).length, ROUNDS * hosts.length);
    await database.close();
    assert.deepEqual(await findDamage(options), []);
  });
});

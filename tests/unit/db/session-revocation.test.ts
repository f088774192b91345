/**
 * A session that is opened at the moment its token is revoked: it must be refused, or be asked to
 * end. On PostgreSQL the interleavings are forced by holding row locks from outside.
 */
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import { InvalidToken, NodeConsoleNotEnabled, TooManySessions } from "../../../common/errors.ts";
import { openDatabase } from "../../../db/connect.ts";
import type { Database } from "../../../db/database.ts";
import { upgradeDatabase } from "../../../db/migrate.ts";
import {
  closedAfterTest,
  databaseOptions,
  describeOnEveryDatabase,
  describeOnPostgres,
} from "../../helpers/database.ts";
import { authorize, createConsoleNode, openRequest } from "./samples.ts";

const PROXY = "proxy-1";

/** What a conductor does to end a node's console, in this order. */
async function revoke(database: Database, nodeUuid: string): Promise<void> {
  await database.tokens.cleanForNode(nodeUuid);
  await database.sessions.requestKillForNode(nodeUuid, "console_disabled");
}

async function assertRefusedOrKilled(
  database: Database,
  opening: PromiseSettledResult<{ readonly session: { readonly id: string } }>,
): Promise<"refused" | "killed"> {
  if (opening.status === "rejected") {
    assert.ok(opening.reason instanceof InvalidToken, String(opening.reason));
    return "refused";
  }
  const { id } = opening.value.session;
  const requests = await database.sessions.killRequests(PROXY);
  assert.ok(requests.some((request) => request.id === id && request.reason === "console_disabled"));
  return "killed";
}

describeOnEveryDatabase("revoking while a session opens", (_fresh, kind) => {
  it("refuses or kills the session, whichever of two processes is faster", async () => {
    const options = databaseOptions(await kind.unused());
    await upgradeDatabase(options);
    const proxy = closedAfterTest(await openDatabase(options));
    const conductor = closedAfterTest(await openDatabase(options));
    const seen = { refused: 0, killed: 0 };
    for (let round = 0; round < 30; round++) {
      const { uuid } = await createConsoleNode(conductor);
      const token = await authorize(conductor, uuid);
      const open = () => proxy.sessions.open(openRequest(token, { proxyHost: PROXY }));
      const [opening] =
        round % 2 === 0
          ? await Promise.allSettled([open(), revoke(conductor, uuid)])
          : (await Promise.allSettled([revoke(conductor, uuid), open()])).toReversed();
      seen[await assertRefusedOrKilled(proxy, opening as PromiseSettledResult<never>)] += 1;
    }
    assert.equal(seen.refused + seen.killed, 30);
  });
});

describeOnPostgres("revoking while a session opens, forced", (_fresh, kind) => {
  let database: Database;
  /** A client of the same database, inside a transaction of its own. */
  let rival: Client;
  /** Another one, outside of any transaction: inside, the statistics stand still. */
  let observer: Client;

  beforeEach(async () => {
    const options = databaseOptions(await kind.unused());
    await upgradeDatabase(options);
    database = closedAfterTest(await openDatabase(options));
    rival = new Client(options.connection);
    observer = new Client(options.connection);
    await rival.connect();
    await observer.connect();
    await rival.query("begin");
  });

  afterEach(async () => {
    await rival.end();
    await observer.end();
  });

  /** Resolves once so many of our statements wait for a lock. */
  async function untilWaiting(count: number): Promise<void> {
    const deadline = performance.now() + 5000;
    for (;;) {
      const { rows } = await observer.query<{ waiting: number }>(
        `select count(*)::int as waiting from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock'`,
      );
      if (rows[0]?.waiting === count) return;
      assert.ok(performance.now() < deadline, `${rows[0]?.waiting} statements wait, not ${count}`);
      await delay(2);
    }
  }

  it("refuses a session that waits for a revocation under way", async () => {
    const { uuid } = await createConsoleNode(database);
    const token = await authorize(database, uuid);
    await rival.query("delete from console_auth_tokens where node_uuid = $1", [uuid]);
    const opening = assert.rejects(database.sessions.open(openRequest(token)), InvalidToken);
    await untilWaiting(1);
    await rival.query("commit");
    await opening;
    assert.deepEqual(await database.sessions.listActive(), []);
  });

  it("opens a session that waits for a revocation which then fails", async () => {
    const { uuid } = await createConsoleNode(database);
    const token = await authorize(database, uuid);
    await rival.query("delete from console_auth_tokens where node_uuid = $1", [uuid]);
    const opening = database.sessions.open(openRequest(token));
    await untilWaiting(1);
    await rival.query("rollback");
    assert.equal((await opening).session.nodeUuid, uuid);
  });

  it("makes a revocation wait for a session half opened, and then kills it", async () => {
    const { uuid } = await createConsoleNode(database);
    const token = await authorize(database, uuid);
    await rival.query("update nodes set extra = extra where uuid = $1", [uuid]);
    const opening = database.sessions.open(openRequest(token, { proxyHost: PROXY }));
    await untilWaiting(1); /* the session holds its token and waits for its node */
    const revoking = revoke(database, uuid);
    await untilWaiting(2); /* the revocation waits for the token */
    await rival.query("commit");
    const { session } = await opening;
    await revoking;
    assert.deepEqual(await database.sessions.killRequests(PROXY), [
      { id: session.id, reason: "console_disabled" },
    ]);
    await assert.rejects(database.sessions.open(openRequest(token)), InvalidToken);
  });

  it("refuses a session that waits while the console is switched off", async () => {
    const { uuid } = await createConsoleNode(database);
    const token = await authorize(database, uuid);
    await rival.query("update nodes set console_enabled = false where uuid = $1", [uuid]);
    const opening = assert.rejects(
      database.sessions.open(openRequest(token)),
      NodeConsoleNotEnabled,
    );
    await untilWaiting(1);
    await rival.query("commit");
    await opening;
  });

  it("gives the last place of a node to one of two sessions that both found it free", async () => {
    const { uuid } = await createConsoleNode(database);
    const tokens = [await authorize(database, uuid), await authorize(database, uuid)];
    await rival.query("update nodes set extra = extra where uuid = $1", [uuid]);
    const openings = Promise.allSettled(
      tokens.map((token) => database.sessions.open(openRequest(token, { maxSessionsPerNode: 1 }))),
    );
    await untilWaiting(2);
    await rival.query("commit");
    const refusals = (await openings).filter((opening) => opening.status === "rejected");
    assert.equal(refusals.length, 1);
    assert.ok(refusals[0]?.reason instanceof TooManySessions);
    assert.equal((await database.sessions.listActive()).length, 1);
  });

  it("opens two sessions under one token at the same moment", async () => {
    const { uuid } = await createConsoleNode(database);
    const token = await authorize(database, uuid);
    await rival.query("update console_auth_tokens set mode = mode");
    const openings = Promise.all([
      database.sessions.open(openRequest(token)),
      database.sessions.open(openRequest(token)),
    ]);
    await untilWaiting(2);
    await rival.query("commit");
    assert.equal(new Set((await openings).map(({ session }) => session.id)).size, 2);
  });
});

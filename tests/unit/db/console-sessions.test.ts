import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { InvalidToken, NodeConsoleNotEnabled, TooManySessions } from "../../../common/errors.ts";
import type { Database, OpenedSession, SessionCounters } from "../../../db/database.ts";
import { describeOnEveryDatabase } from "../../helpers/database.ts";
import {
  ENDPOINT,
  SettableClock,
  authorize,
  createConsoleNode,
  createNode,
  openRequest,
} from "./samples.ts";

const NO_TRAFFIC = { lastInputAt: null, bytesToTenant: 0, bytesToHost: 0 };

async function openOne(
  database: Database,
  nodeUuid: string,
  proxyHost = "proxy-1",
): Promise<OpenedSession> {
  return database.sessions.open(openRequest(await authorize(database, nodeUuid), { proxyHost }));
}

describeOnEveryDatabase("console sessions", (fresh) => {
  it("opens a session under a token and keeps its row", async () => {
    const clock = new SettableClock();
    const database = await fresh(clock);
    const node = await createNode(database, {
      name: "rack-1",
      consoleEnabled: true,
      consoleEndpoint: ENDPOINT,
    });
    const { token, grant } = await database.tokens.authorize({
      nodeUuid: node.uuid,
      consoleType: "vnc",
      mode: "view",
      userId: "alice",
      projectId: "lab",
      ttlSeconds: 600,
    });
    clock.advance(7);
    const opened = await database.sessions.open(openRequest(token, { nodeUuid: node.uuid }));
    assert.deepEqual(opened, {
      session: {
        id: opened.session.id,
        nodeUuid: node.uuid,
        tokenId: grant.id,
        consoleType: "vnc",
        mode: "view",
        userId: "alice",
        projectId: "lab",
        sourceAddress: "198.51.100.9",
        userAgent: "a browser",
        proxyHost: "proxy-1",
        openedAt: clock.now(),
        lastInputAt: null,
        closedAt: null,
        closedReason: null,
        killReason: null,
        bytesToTenant: 0,
        bytesToHost: 0,
      },
      tokenExpiresAt: grant.expiresAt,
      node: { uuid: node.uuid, name: "rack-1", historySince: null },
      endpoint: ENDPOINT,
    });
    assert.match(opened.session.id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-/);
    assert.deepEqual(await database.sessions.get(opened.session.id), opened.session);
    assert.equal(await database.sessions.get(randomUUID()), undefined);
  });

  it("leaves the node as it was when a session opens", async () => {
    const database = await fresh();
    const node = await createConsoleNode(database);
    await openOne(database, node.uuid);
    assert.deepEqual(await database.nodes.get(node.uuid), node);
  });

  it("refuses unknown, foreign and expired tokens alike, and leaves nothing behind", async () => {
    const clock = new SettableClock();
    const database = await fresh(clock);
    const [mine, foreign] = [await createConsoleNode(database), await createConsoleNode(database)];
    const expired = await authorize(database, mine.uuid, 1);
    clock.advance(1);
    const valid = await authorize(database, mine.uuid);
    for (const request of [
      openRequest("nonsense"),
      openRequest("x".repeat(43)),
      openRequest(expired),
      openRequest(valid, { nodeUuid: foreign.uuid }),
    ])
      await assert.rejects(database.sessions.open(request), new InvalidToken());
    assert.deepEqual(await database.sessions.listActive(), []);
  });

  it("refuses a session while the node's console is off", async () => {
    const database = await fresh();
    const { uuid } = await createConsoleNode(database);
    const token = await authorize(database, uuid);
    await database.nodes.update(uuid, { consoleEnabled: false });
    await assert.rejects(database.sessions.open(openRequest(token)), NodeConsoleNotEnabled);
    await database.nodes.update(uuid, { consoleEnabled: true, consoleEndpoint: null });
    await assert.rejects(database.sessions.open(openRequest(token)), NodeConsoleNotEnabled);
    assert.deepEqual(await database.sessions.listActive(), []);
  });

  it("holds the limit of a node however many ask at once, and frees a place at close", async () => {
    const database = await fresh();
    const { uuid } = await createConsoleNode(database);
    const other = await createConsoleNode(database);
    const tokens = await Promise.all(Array.from({ length: 8 }, () => authorize(database, uuid)));
    const results = await Promise.allSettled(
      tokens.map((token) => database.sessions.open(openRequest(token, { maxSessionsPerNode: 3 }))),
    );
    const refusals = results.filter((result) => result.status === "rejected");
    assert.equal(refusals.length, 5);
    for (const { reason } of refusals) assert.ok(reason instanceof TooManySessions, String(reason));
    const running = await database.sessions.listActive({ nodeUuid: uuid });
    assert.equal(running.length, 3);
    await openOne(database, other.uuid);
    await database.sessions.close(running[0]?.id ?? "", "tenant_closed", NO_TRAFFIC);
    const request = openRequest(tokens[0] ?? "", { maxSessionsPerNode: 3 });
    await database.sessions.open(request);
    await assert.rejects(database.sessions.open(request), TooManySessions);
  });

  it("holds the limit of a link, beside which another one of the node works", async () => {
    const database = await fresh();
    const { uuid } = await createConsoleNode(database);
    const [link, other] = [await authorize(database, uuid), await authorize(database, uuid)];
    const limits = { maxSessionsPerNode: 4, maxSessionsPerToken: 2 };
    const results = await Promise.allSettled(
      Array.from({ length: 5 }, () => database.sessions.open(openRequest(link, limits))),
    );
    const refusals = results.filter((result) => result.status === "rejected");
    assert.equal(refusals.length, 3);
    for (const { reason } of refusals) {
      assert.ok(reason instanceof TooManySessions);
      assert.match(reason.message, /^this link has as many console sessions as are allowed, 2/);
    }
    await database.sessions.open(openRequest(other, limits));
    const running = results.find((result) => result.status === "fulfilled");
    await database.sessions.close(running?.value.session.id ?? "", "tenant_closed", NO_TRAFFIC);
    await database.sessions.open(openRequest(link, limits));
    await database.sessions.open(openRequest(other, limits));
    await assert.rejects(
      database.sessions.open(openRequest(await authorize(database, uuid), limits)),
      /^TooManySessions: this machine has as many console sessions as are allowed, 4/,
    );
  });

  it("deletes history that is old enough, the oldest first and so many at once", async () => {
    const clock = new SettableClock();
    const database = await fresh(clock);
    const { uuid } = await createConsoleNode(database);
    const ids: string[] = [];
    for (let index = 0; index < 4; index += 1) {
      const { id } = (await openOne(database, uuid)).session;
      ids.push(id);
      if (index < 3) await database.sessions.close(id, "tenant_closed", NO_TRAFFIC);
      clock.advance(1);
    }
    const left = async (): Promise<number[]> => {
      const rows = await Promise.all(ids.map((id) => database.sessions.get(id)));
      return rows.flatMap((row, index) => (row ? [index] : []));
    };
    const before = clock.now() - 2000; /* the third was closed just then */
    assert.equal(await database.sessions.deleteClosedBefore(before, 1), 1);
    assert.deepEqual(await left(), [1, 2, 3]);
    assert.equal(await database.sessions.deleteClosedBefore(before, 10), 1);
    assert.equal(await database.sessions.deleteClosedBefore(before, 10), 0);
    assert.deepEqual(await left(), [2, 3]);
    assert.equal(await database.sessions.deleteClosedBefore(clock.now() + 1, 10), 1);
    assert.deepEqual(await left(), [3]);
  });

  it("writes the counters of many sessions at once", async () => {
    const database = await fresh();
    const { uuid } = await createConsoleNode(database);
    const first = (await openOne(database, uuid)).session.id;
    const second = (await openOne(database, uuid)).session.id;
    const third = (await openOne(database, uuid)).session.id;
    const large = {
      lastInputAt: 1_900_000_000_456,
      bytesToTenant: 2 ** 53 - 1,
      bytesToHost: 2 ** 40,
    };
    const little: SessionCounters = { ...NO_TRAFFIC, bytesToHost: 7 };
    const batch = { [first]: large, [second]: little, unknown: large };
    await database.sessions.touch(new Map(Object.entries(batch)));
    await database.sessions.touch(new Map([[first, { ...large, lastInputAt: null }]]));
    await database.sessions.touch(new Map());
    const rows = [
      await database.sessions.get(first),
      await database.sessions.get(second),
      await database.sessions.get(third),
    ];
    assert.deepEqual(
      rows.map((row) => row && [row.lastInputAt, row.bytesToTenant, row.bytesToHost]),
      [
        [1_900_000_000_456, 2 ** 53 - 1, 2 ** 40],
        [null, 0, 7],
        [null, 0, 0],
      ],
    );
  });

  it("closes many sessions at once, each with its own reason", async () => {
    const database = await fresh();
    const node = await createConsoleNode(database);
    const ids: string[] = [];
    for (let count = 0; count < 3; count++)
      ids.push((await openOne(database, node.uuid)).session.id);
    await database.sessions.close(ids[2] ?? "", "host_closed", NO_TRAFFIC);
    await database.sessions.closeAll(
      ids.map((id, index) => ({
        id,
        reason: `reason_${index}`,
        counters: { lastInputAt: 5, bytesToTenant: index, bytesToHost: 7 },
      })),
    );
    const rows = await Promise.all(ids.map((id) => database.sessions.get(id)));
    assert.deepEqual(
      rows.map((row) => [row?.closedReason, row?.bytesToTenant, row?.lastInputAt]),
      [
        ["reason_0", 0, 5],
        ["reason_1", 1, 5],
        ["host_closed", 0, null],
      ],
    );
  });

  it("lets the first close win and keeps the row as history", async () => {
    const clock = new SettableClock();
    const database = await fresh(clock);
    const { uuid } = await createConsoleNode(database);
    const { session } = await openOne(database, uuid);
    clock.advance(9);
    const counters = { lastInputAt: clock.now() - 1, bytesToTenant: 5, bytesToHost: 6 };
    await database.sessions.close(session.id, "HOST_UNREACHABLE", counters);
    clock.advance(9);
    await database.sessions.close(session.id, "tenant_closed", NO_TRAFFIC);
    await database.sessions.touch(new Map([[session.id, NO_TRAFFIC]]));
    assert.equal(await database.sessions.requestKill(session.id, "killed_by_operator"), false);
    const expected = {
      ...session,
      ...counters,
      closedAt: clock.now() - 9000,
      closedReason: "HOST_UNREACHABLE",
    };
    assert.deepEqual(await database.sessions.get(session.id), expected);
    await database.nodes.destroy(uuid);
    assert.deepEqual(await database.sessions.get(session.id), expected);
  });

  it("lists running sessions by node and proxy, oldest first", async () => {
    const clock = new SettableClock();
    const database = await fresh(clock);
    const [a, b] = [await createConsoleNode(database), await createConsoleNode(database)];
    const ids: string[] = [];
    for (const [node, proxy] of [
      [a, "p1"],
      [b, "p1"],
      [a, "p2"],
      [a, "p1"],
    ] as const) {
      ids.push((await openOne(database, node.uuid, proxy)).session.id);
      clock.advance(1);
    }
    await database.sessions.close(ids[3] ?? "", "tenant_closed", NO_TRAFFIC);
    const places = async (filter?: { nodeUuid?: string; proxyHost?: string }) =>
      (await database.sessions.listActive(filter)).map(({ id }) => ids.indexOf(id));
    assert.deepEqual(await places(), [0, 1, 2]);
    assert.deepEqual(await places({ nodeUuid: a.uuid }), [0, 2]);
    assert.deepEqual(await places({ proxyHost: "p1" }), [0, 1]);
    assert.deepEqual(await places({ nodeUuid: a.uuid, proxyHost: "p1" }), [0]);
  });

  it("revokes the token of a session that is ended by request, and no other", async () => {
    const database = await fresh();
    const node = await createConsoleNode(database);
    const killed = await authorize(database, node.uuid);
    const other = await authorize(database, node.uuid);
    const { session } = await database.sessions.open(openRequest(killed));
    await database.sessions.requestKill(session.id, "killed_by_operator");
    await assert.rejects(database.sessions.open(openRequest(killed)), InvalidToken);
    assert.equal((await database.tokens.validate(other)).nodeUuid, node.uuid);
  });

  it("brings a request to end a session to the proxy that carries it, the first reason winning", async () => {
    const database = await fresh();
    const [a, b] = [await createConsoleNode(database), await createConsoleNode(database)];
    const first = (await openOne(database, a.uuid, "p1")).session.id;
    const second = (await openOne(database, a.uuid, "p2")).session.id;
    const third = (await openOne(database, b.uuid, "p1")).session.id;
    assert.deepEqual(await database.sessions.killRequests("p1"), []);
    assert.equal(await database.sessions.requestKill(first, "killed_by_operator"), true);
    assert.equal(await database.sessions.requestKillForNode(a.uuid, "console_disabled"), 2);
    assert.equal(await database.sessions.requestKill(randomUUID(), "console_disabled"), false);
    assert.deepEqual(await database.sessions.killRequests("p1"), [
      { id: first, reason: "killed_by_operator" },
    ]);
    assert.deepEqual(await database.sessions.killRequests("p2"), [
      { id: second, reason: "console_disabled" },
    ]);
    assert.equal((await database.sessions.get(third))?.killReason, null);
    await database.sessions.close(first, "killed_by_operator", NO_TRAFFIC);
    assert.deepEqual(await database.sessions.killRequests("p1"), []);
  });

  it("closes what a crashed proxy left open, and nothing of another proxy", async () => {
    const clock = new SettableClock();
    const database = await fresh(clock);
    const { uuid } = await createConsoleNode(database);
    const crashed = (await openOne(database, uuid, "p1")).session.id;
    const living = (await openOne(database, uuid, "p2")).session.id;
    await database.sessions.touch(new Map([[crashed, { ...NO_TRAFFIC, bytesToHost: 7 }]]));
    clock.advance(60);
    assert.equal(await database.sessions.closeCrashed("p1"), 1);
    assert.equal(await database.sessions.closeCrashed("p1"), 0);
    const row = await database.sessions.get(crashed);
    assert.deepEqual(
      [row?.closedReason, row?.closedAt, row?.bytesToHost],
      ["proxy_crashed", clock.now(), 7],
    );
    assert.equal((await database.sessions.get(living))?.closedAt, null);
  });
});

import assert from "node:assert/strict";
import * as sinon from "sinon";
import { silentLogger } from "../../../common/log.ts";
import type { ConsoleSessionRepository } from "../../../db/database.ts";
import { createMetrics } from "../../../novncproxy/metrics.ts";
import { SessionRows } from "../../../novncproxy/session-rows.ts";

describe("SessionRows", () => {
  const counters = { lastInputAt: null, bytesToTenant: 1, bytesToHost: 2 };
  const end = (id: string) => ({ id, reason: "tenant_closed", counters });
  const setUp = () => {
    const sessions = {
      closeAll: sinon.stub().resolves(),
      touch: sinon.stub().resolves(),
      killRequests: sinon.stub().resolves([]),
      beat: sinon.stub().resolves(true),
      listActive: sinon.stub().resolves([]),
    };
    const rows = new SessionRows({
      sessions: sessions as unknown as ConsoleSessionRepository,
      host: "proxy1",
      log: silentLogger(),
      metrics: createMetrics(() => 0),
      maxWaiting: 3,
    });
    return { sessions, rows };
  };

  it("writes ends that come together with one statement, without being asked", async () => {
    const { sessions, rows } = setUp();
    const written = new Promise((resolve) =>
      sessions.closeAll.callsFake(async (all) => resolve(all)),
    );
    for (const id of ["s1", "s2", "s3"]) rows.close(id, "tenant_closed", counters);
    assert.deepEqual(await written, [end("s1"), end("s2"), end("s3")]);
    await rows.settle();
    assert.equal(sessions.closeAll.callCount, 1);
  });

  it("writes an end again that could not be written, until it is", async () => {
    const { sessions, rows } = setUp();
    sessions.closeAll.onCall(0).rejects(new Error("gone"));
    sessions.closeAll.onCall(1).rejects(new Error("gone"));
    rows.close("s1", "tenant_closed", counters);
    await rows.settle();
    await rows.settle();
    await rows.settle();
    assert.equal(sessions.closeAll.callCount, 3);
    assert.ok(sessions.closeAll.alwaysCalledWithExactly([end("s1")]));
  });

  it("never gives up on an end, however long the database is gone", async () => {
    const { sessions, rows } = setUp();
    sessions.closeAll.rejects(new Error("gone"));
    rows.close("s1", "tenant_closed", counters);
    for (let tries = 0; tries < 60; tries += 1) await rows.settle();
    sessions.closeAll.resolves();
    sessions.closeAll.resetHistory();
    await rows.settle();
    assert.ok(sessions.closeAll.calledOnceWithExactly([end("s1")]));
    await rows.settle();
    assert.equal(sessions.closeAll.callCount, 1);
  });

  it("finds the ends in the database that it could not keep, and nothing that just opens", async () => {
    const { sessions, rows } = setUp();
    sessions.closeAll.rejects(new Error("gone"));
    for (const id of ["s1", "s2", "s3", "s4"]) rows.close(id, "tenant_closed", counters);
    await rows.settle();
    sessions.closeAll.resolves();
    sessions.closeAll.resetHistory();
    await rows.settle();
    assert.deepEqual(sessions.closeAll.args, [[[end("s1"), end("s2"), end("s3")]]]);
    sessions.closeAll.resetHistory();
    sessions.listActive.onCall(0).resolves([{ id: "s4" }, { id: "opens" }, { id: "runs" }]);
    sessions.listActive.onCall(1).resolves([{ id: "s4" }, { id: "opens" }, { id: "runs" }]);
    assert.deepEqual(await rows.beat(() => ["runs"]), new Set());
    assert.equal(sessions.closeAll.callCount, 0);
    assert.deepEqual(await rows.beat(() => ["runs", "opens"]), new Set());
    await rows.settle();
    const nothing = { lastInputAt: null, bytesToTenant: 0, bytesToHost: 0 };
    assert.deepEqual(sessions.closeAll.args, [
      [[{ id: "s4", reason: "network_reset", counters: nothing }]],
    ]);
    await rows.beat(() => ["runs", "opens"]);
    assert.equal(sessions.listActive.callCount, 2);
  });

  it("names the sessions whose rows were closed while it counted as dead, once it can read them", async () => {
    const { sessions, rows } = setUp();
    assert.deepEqual(await rows.beat(() => ["a"]), new Set());
    assert.equal(sessions.listActive.callCount, 0);
    sessions.beat.onCall(1).rejects(new Error("gone"));
    assert.deepEqual(await rows.beat(() => ["a"]), new Set());
    sessions.beat.onCall(2).resolves(false);
    sessions.listActive.onCall(0).rejects(new Error("gone"));
    assert.deepEqual(await rows.beat(() => ["a", "b"]), new Set());
    sessions.listActive.onCall(1).resolves([{ id: "b" }]);
    assert.deepEqual(await rows.beat(() => ["a", "b"]), new Set(["a"]));
    assert.deepEqual(await rows.beat(() => ["b"]), new Set());
    assert.equal(sessions.listActive.callCount, 2);
  });

  it("closes a row that an unanswered opening left, when it was seen twice", async () => {
    const { sessions, rows } = setUp();
    sessions.listActive.resolves([{ id: "lost" }]);
    rows.doubt();
    await rows.beat(() => []);
    assert.equal(sessions.closeAll.callCount, 0);
    await rows.beat(() => []);
    await rows.settle();
    assert.equal(sessions.closeAll.args[0]?.[0][0].id, "lost");
  });

  it("remembers a doubt that comes while the rows are being read", async () => {
    const { sessions, rows } = setUp();
    rows.doubt();
    sessions.listActive.onCall(0).callsFake(async () => {
      rows.doubt();
      return [];
    });
    await rows.beat(() => []);
    await rows.beat(() => []);
    assert.equal(sessions.listActive.callCount, 2);
  });

  it("says whether counters were written", async () => {
    const { sessions, rows } = setUp();
    assert.equal(await rows.touch(new Map([["s1", counters]])), true);
    sessions.touch.rejects(new Error("gone"));
    assert.equal(await rows.touch(new Map([["s1", counters]])), false);
  });

  it("asks for kills one question at a time, and survives a failing one", async () => {
    const { sessions, rows } = setUp();
    let answer: (found: object[]) => void = () => undefined;
    sessions.killRequests.onCall(0).returns(new Promise((resolve) => (answer = resolve)));
    const first = rows.killRequests();
    assert.deepEqual(await rows.killRequests(), []);
    assert.equal(sessions.killRequests.callCount, 1);
    answer([{ id: "s1", reason: "killed_by_operator" }]);
    assert.equal((await first).length, 1);
    sessions.killRequests.onCall(1).rejects(new Error("gone"));
    assert.deepEqual(await rows.killRequests(), []);
    assert.deepEqual(await rows.killRequests(), []);
    assert.equal(sessions.killRequests.callCount, 3);
  });

  it("writes no counters when none changed", async () => {
    const { sessions, rows } = setUp();
    await rows.touch(new Map());
    assert.equal(sessions.touch.callCount, 0);
  });
});

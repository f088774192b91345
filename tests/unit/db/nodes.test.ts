import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { NodeAlreadyExists, NodeLocked, NodeNotFound } from "../../../common/errors.ts";
import type { NewNode } from "../../../common/node.ts";
import { describeOnEveryDatabase } from "../../helpers/database.ts";
import {
  ENDPOINT,
  SettableClock,
  authorize,
  createConsoleNode,
  createNode,
  openRequest,
} from "./samples.ts";

const UNKNOWN = "00000000-0000-4000-8000-000000000000";

describeOnEveryDatabase("nodes", (fresh) => {
  it("gives a new node Ironic's defaults", async () => {
    const clock = new SettableClock();
    const { nodes } = await fresh(clock);
    const uuid = randomUUID();
    await nodes.create({ uuid, driver: "fake-hardware" });
    const node = await nodes.get(uuid);
    assert.deepEqual(
      Object.fromEntries(Object.entries(node).filter(([, value]) => value !== null)),
      {
        uuid,
        driver: "fake-hardware",
        driverInfo: {},
        driverInternalInfo: {},
        properties: {},
        extra: {},
        instanceInfo: {},
        networkData: {},
        driverMemos: {},
        consoleEnabled: false,
        provisionState: "enroll",
        maintenance: false,
        conductorGroup: "",
        protected: false,
        retired: false,
        createdAt: clock.now(),
      },
    );
  });

  it("keeps last_error on one line and of bounded length, whatever a machine said", async () => {
    const { nodes } = await fresh();
    const { uuid } = await nodes.create({ uuid: randomUUID(), driver: "fake-hardware" });
    const hostile = `a\0\r\n\u001b[2J\u202e\u2028${"x".repeat(1_000_000)}`;
    await nodes.update(uuid, { lastError: hostile });
    const { lastError } = await nodes.get(uuid);
    assert.equal(lastError?.length, 2000);
    assert.doesNotMatch(lastError, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    assert.ok(lastError.startsWith("a\\u{0}\\r\\n\\u{1b}[2J\\u{202e}\\u{2028}x"));
    assert.equal((await nodes.update(uuid, { lastError: "plain" })).lastError, "plain");
    assert.equal((await nodes.update(uuid, { lastError: null })).lastError, null);
  });

  it("has the sessions of a deleted node ended", async () => {
    const database = await fresh();
    const { nodes, sessions } = database;
    const [node, other] = [await createConsoleNode(database), await createConsoleNode(database)];
    const ids: string[] = [];
    for (const { uuid } of [node, node, other]) {
      const request = openRequest(await authorize(database, uuid));
      ids.push((await sessions.open(request)).session.id);
    }
    await sessions.close(ids[1] ?? "", "tenant_closed", {
      lastInputAt: null,
      bytesToTenant: 0,
      bytesToHost: 0,
    });
    await nodes.destroy(node.uuid);
    assert.deepEqual(await sessions.killRequests("proxy-1"), [
      { id: ids[0], reason: "node_deleted" },
    ]);
  });

  it("keeps every field through create, get and update", async () => {
    const clock = new SettableClock();
    const { nodes } = await fresh(clock);
    const full: NewNode = {
      uuid: randomUUID(),
      driver: "idrac",
      name: "rack-1",
      driverInfo: { list: [1, "zwei", null, { deep: true }], "key with \u0000": "\u0000 ü 🖥" },
      driverInternalInfo: { a: 1.5 },
      properties: { memory_mb: 1024 },
      extra: { "": "" },
      instanceInfo: { x: [] },
      instanceUuid: randomUUID(),
      networkData: { links: [] },
      biosInterface: "no-bios",
      bootInterface: "b",
      consoleInterface: "idrac-vnc",
      deployInterface: "d",
      inspectInterface: "i",
      managementInterface: "m",
      networkInterface: "n",
      powerInterface: "p",
      raidInterface: "r",
      rescueInterface: "re",
      storageInterface: "s",
      vendorInterface: "v",
      consoleEnabled: true,
      consoleEndpoint: ENDPOINT,
      consoleHistorySince: 1_900_000_000_456,
      driverMemos: { console: { before: true } },
      powerState: "power on",
      targetPowerState: "power off",
      provisionState: "available",
      targetProvisionState: "manageable",
      provisionUpdatedAt: 1_900_000_000_001,
      maintenance: true,
      maintenanceReason: "broken",
      fault: "power failure",
      lastError: 'it\'s "bad"; drop table nodes; --',
      conductorAffinity: "c1",
      conductorGroup: "east",
      owner: "o",
      lessee: "l",
      description: "line one\nline two",
      resourceClass: "large",
      shard: "s1",
      automatedClean: false,
      protected: true,
      protectedReason: "mine",
      retired: true,
      retiredReason: "old",
    };
    const expected = { ...full, reservation: null, createdAt: clock.now(), updatedAt: null };
    assert.deepEqual(await nodes.create(full), expected);
    assert.deepEqual(await nodes.get("rack-1"), expected);

    clock.advance(5);
    const { uuid: _uuid, ...changes } = full;
    const other = await nodes.create({ uuid: randomUUID(), driver: "fake-hardware" });
    await nodes.update(full.uuid, { name: null, instanceUuid: null });
    const copied = await nodes.update(other.uuid, changes);
    assert.deepEqual(copied, {
      ...expected,
      uuid: other.uuid,
      createdAt: clock.now(),
      updatedAt: clock.now(),
    });
  });

  it("finds a node by UUID or name, and says which one is unknown", async () => {
    const database = await fresh();
    const node = await createNode(database, { name: "rack-2" });
    assert.equal((await database.nodes.get("rack-2")).uuid, node.uuid);
    assert.equal((await database.nodes.get(node.uuid)).name, "rack-2");
    for (const ident of [UNKNOWN, "nobody", "", "a\0b", "' or 1=1 --"])
      await assert.rejects(database.nodes.get(ident), new NodeNotFound(ident));
  });

  it("refuses a taken UUID, name or instance in Ironic's words", async () => {
    const database = await fresh();
    const instanceUuid = randomUUID();
    const { uuid } = await createNode(database, { name: "rack-3", instanceUuid });
    const other = await createNode(database);
    const byName = new NodeAlreadyExists("A node with name rack-3 already exists.");
    await assert.rejects(createNode(database, { name: "rack-3" }), byName);
    await assert.rejects(database.nodes.update(other.uuid, { name: "rack-3" }), byName);
    await assert.rejects(
      createNode(database, { uuid }),
      new NodeAlreadyExists(`A node with UUID ${uuid} already exists.`),
    );
    await assert.rejects(
      database.nodes.update(other.uuid, { instanceUuid }),
      new NodeAlreadyExists(
        `Instance ${instanceUuid} is already associated with a node, ` +
          `it cannot be associated with this other node ${other.uuid}`,
      ),
    );
    assert.equal((await database.nodes.list()).length, 2);
  });

  it("changes only what an update names", async () => {
    const database = await fresh();
    const node = await createNode(database, { name: "rack-4", extra: { kept: 1 } });
    await database.nodes.reserve(node.uuid, "c1");
    const whole = { ...node, lastError: "x", uuid: UNKNOWN, createdAt: 1, reservation: null };
    const changed = await database.nodes.update(node.uuid, whole);
    const { updatedAt, ...rest } = changed;
    const { updatedAt: _before, ...expected } = node;
    assert.deepEqual(rest, { ...expected, lastError: "x", reservation: "c1" });
    assert.equal(typeof updatedAt, "number");
    await assert.rejects(database.nodes.update(UNKNOWN, { lastError: "x" }), NodeNotFound);
  });

  it("refuses a text that holds NUL, naming the column", async () => {
    const database = await fresh();
    await assert.rejects(createNode(database, { description: "a\0b" }), {
      code: "INVALID_PARAMETER_VALUE",
      message: "description may not contain the character NUL",
    });
  });

  it("gives the lock to one of many who ask at once", async () => {
    const database = await fresh();
    const { uuid } = await createNode(database);
    const hosts = ["c1", "c2", "c3", "c4", "c5"];
    const results = await Promise.allSettled(
      hosts.map((host) => database.nodes.reserve(uuid, host)),
    );
    const winners = results.filter(({ status }) => status === "fulfilled");
    assert.equal(winners.length, 1);
    const holder = (await database.nodes.get(uuid)).reservation ?? "";
    for (const result of results)
      if (result.status === "rejected")
        assert.deepEqual(result.reason, new NodeLocked(uuid, holder));
    await assert.rejects(database.nodes.reserve(uuid, holder), NodeLocked);
    await assert.rejects(database.nodes.reserve(UNKNOWN, "c1"), NodeNotFound);
  });

  it("gives back only a lock of the host that asks", async () => {
    const database = await fresh();
    const { uuid } = await createNode(database);
    assert.equal((await database.nodes.reserve(uuid, "c1")).reservation, "c1");
    await database.nodes.release(uuid, "c2");
    assert.equal((await database.nodes.get(uuid)).reservation, "c1");
    await database.nodes.release(uuid, "c1");
    assert.equal((await database.nodes.reserve(uuid, "c2")).reservation, "c2");
  });

  it("deletes a node with its tokens", async () => {
    const database = await fresh();
    const { uuid } = await createNode(database);
    const token = await authorize(database, uuid);
    await database.nodes.destroy(uuid);
    await assert.rejects(database.nodes.get(uuid), NodeNotFound);
    await assert.rejects(database.tokens.validate(token), { code: "INVALID_TOKEN" });
    await assert.rejects(database.nodes.destroy(uuid), NodeNotFound);
  });
});

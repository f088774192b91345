import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describeOnEveryDatabase } from "../../helpers/database.ts";
import { createNode, SettableClock } from "./samples.ts";

const READINGS = [
  { name: "Inlet Temp", value: 21.5, text: null, thresholds: { upperCritical: 42 } },
];
const AT = 1_900_000_000_123;

describeOnEveryDatabase("the last sensor readings", (fresh) => {
  it("are none at first", async () => {
    const database = await fresh();
    const { uuid } = await createNode(database);
    assert.equal(await database.telemetry.get(uuid), undefined);
    assert.deepEqual(await database.telemetry.list(), []);
  });

  it("come back as saved, and the next ones replace them", async () => {
    const { telemetry, ...database } = await prepared(fresh);
    const first = { nodeUuid: database.uuid, collectedAt: AT, readings: READINGS, error: null };
    await telemetry.save(first);
    assert.deepEqual(await telemetry.get(database.uuid), first);
    const next = { ...first, collectedAt: AT + 1, readings: [] };
    await telemetry.save(next);
    assert.deepEqual(await telemetry.get(database.uuid), next);
  });

  it("stay when a later attempt fails, whose reason is noted until one succeeds", async () => {
    const { telemetry, uuid } = await prepared(fresh);
    const good = { nodeUuid: uuid, collectedAt: AT, readings: READINGS, error: null };
    await telemetry.save(good);
    await telemetry.fail(uuid, "no route to bmc1");
    assert.deepEqual(await telemetry.get(uuid), { ...good, error: "no route to bmc1" });
    await telemetry.save(good);
    assert.equal((await telemetry.get(uuid))?.error, null);
  });

  it("of a machine that never answered are empty, with the reason", async () => {
    const { telemetry, uuid } = await prepared(fresh);
    await telemetry.fail(uuid, "no route to bmc1");
    assert.deepEqual(await telemetry.get(uuid), {
      nodeUuid: uuid,
      collectedAt: 0,
      readings: [],
      error: "no route to bmc1",
    });
  });

  it("are listed with their nodes' names", async () => {
    const database = await fresh(new SettableClock());
    const [named, nameless] = [
      await createNode(database, { name: "web-1" }),
      await createNode(database),
    ];
    for (const { uuid } of [named, nameless])
      await database.telemetry.save({
        nodeUuid: uuid,
        collectedAt: AT,
        readings: READINGS,
        error: null,
      });
    const rows = await database.telemetry.list();
    assert.deepEqual(
      new Map(rows.map((row) => [row.nodeUuid, row.nodeName])),
      new Map([
        [named.uuid, "web-1"],
        [nameless.uuid, null],
      ]),
    );
    assert.deepEqual(rows[0]?.readings, READINGS);
  });

  it("are not made for a node that is gone, and go with it", async () => {
    const database = await fresh();
    const gone = randomUUID();
    const row = { nodeUuid: gone, collectedAt: AT, readings: READINGS, error: null };
    await database.telemetry.save(row);
    await database.telemetry.fail(gone, "no route");
    assert.equal(await database.telemetry.get(gone), undefined);
    const { uuid } = await createNode(database);
    await database.telemetry.save({ ...row, nodeUuid: uuid });
    await database.nodes.destroy(uuid);
    assert.equal(await database.telemetry.get(uuid), undefined);
    await createNode(database, { uuid });
    assert.equal(await database.telemetry.get(uuid), undefined);
  });
});

async function prepared(fresh: Parameters<Parameters<typeof describeOnEveryDatabase>[1]>[0]) {
  const database = await fresh();
  return { telemetry: database.telemetry, uuid: (await createNode(database)).uuid };
}

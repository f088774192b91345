import assert from "node:assert/strict";
import { BmcUnreachable, NodeLocked, UnsupportedDriverExtension } from "../../../common/errors.ts";
import type { Node } from "../../../common/node.ts";
import type { RunningConductor } from "../../../conductor/conductor.ts";
import type { SensorReading } from "../../../drivers/base.ts";
import { ConductorWorld, CONTEXT } from "./conductor-under-test.ts";
import { scriptedDrivers } from "./scripted-drivers.ts";
import { Gate, until } from "./until.ts";

const INLET: SensorReading = {
  name: "Inlet Temp",
  kind: "temperature",
  value: 21,
  unit: "Cel",
  state: "ok",
  thresholds: {
    lowerFatal: null,
    lowerCritical: null,
    lowerWarning: 3,
    upperWarning: 38,
    upperCritical: 42,
    upperFatal: null,
  },
  text: null,
};

describe("telemetry", () => {
  let world: ConductorWorld;
  let conductor: RunningConductor;
  let node: Node;

  beforeEach(async () => {
    world = await ConductorWorld.create({ clock: { now: () => 1_900_000_000_123 } });
    world.drivers.telemetry.readings = [INLET];
    conductor = await world.start();
    node = await world.node(conductor);
  });

  afterEach(() => world.stop());

  const kept = () => world.database.telemetry.get(node.uuid);
  const sensors = () => conductor.api.getSensors(CONTEXT, node.uuid);

  it("reads the sensors from the machine and keeps what it said", async () => {
    const answer = await sensors();
    assert.deepEqual(answer, { collectedAt: 1_900_000_000_123, readings: [INLET] });
    assert.deepEqual(await kept(), {
      nodeUuid: node.uuid,
      collectedAt: 1_900_000_000_123,
      readings: [INLET],
      error: null,
    });
  });

  it("notes why a machine could not be read, and keeps what it said before", async () => {
    await sensors();
    world.drivers.telemetry.onRead = () => {
      throw new BmcUnreachable("no route to bmc1 with opensesame");
    };
    await assert.rejects(sensors(), BmcUnreachable);
    const row = await kept();
    assert.deepEqual(row?.readings, [INLET]);
    assert.match(row?.error ?? "", /^no route to bmc1/);
    assert.doesNotMatch(row?.error ?? "", /opensesame/);
  });

  it("reads while somebody else holds the node's lock, but does not clear its log", async () => {
    await world.database.nodes.reserve(node.uuid, "somebody-else");
    assert.equal((await sensors()).readings.length, 1);
    await conductor.api.getEventLog(CONTEXT, node.uuid, 5);
    await assert.rejects(conductor.api.clearEventLog(CONTEXT, node.uuid), NodeLocked);
    assert.equal(world.drivers.telemetry.cleared, 0);
  });

  it("asks a machine once for all who ask at the same time", async () => {
    const gate = new Gate();
    world.drivers.telemetry.onRead = () => gate.opened;
    const asked = [sensors(), sensors(), sensors()];
    await until("the machine is asked", () => world.drivers.telemetry.reads.length > 0);
    gate.open();
    for (const answer of await Promise.all(asked)) assert.deepEqual(answer.readings, [INLET]);
    assert.equal(world.drivers.telemetry.reads.length, 1);
    await sensors();
    assert.equal(world.drivers.telemetry.reads.length, 2);
  });

  it("asks a machine once for all who ask for the same part of its log at the same time", async () => {
    const gate = new Gate();
    let asked = 0;
    world.drivers.telemetry.onRead = () => {
      asked += 1;
      return gate.opened;
    };
    const log = (limit: number) => conductor.api.getEventLog(CONTEXT, node.uuid, limit);
    const reading = [log(5), log(5), log(6)];
    await until("the machine is asked", () => asked >= 2);
    gate.open();
    await Promise.all(reading);
    assert.equal(asked, 2);
  });

  it("answers as much of the event log as was asked for, whatever the driver brings", async () => {
    world.drivers.telemetry.entries = Array.from({ length: 3000 }, (_none, index) => ({
      id: String(3000 - index),
      time: index,
      severity: "ok",
      sensor: null,
      message: "again",
      asserted: null,
    }));
    const log = (limit: number) => conductor.api.getEventLog(CONTEXT, node.uuid, limit);
    assert.deepEqual(
      (await log(2)).map(({ id }) => id),
      ["3000", "2999"],
    );
    assert.equal((await log(1_000_000)).length, 1000);
    assert.equal((await log(Number.NaN)).length, 1);
  });

  it("empties the event log", async () => {
    await conductor.api.clearEventLog(CONTEXT, node.uuid);
    assert.equal(world.drivers.telemetry.cleared, 1);
    assert.equal((await world.settled(node.uuid)).reservation, null);
  });

  it("adds its options to the driver's properties, and knows its secrets", async () => {
    const properties = await conductor.api.getDriverProperties(CONTEXT, "scripted");
    assert.equal(properties["telemetry_address"], "Whom to ask.");
    const driverInfo = { scripted_address: "bmc1", telemetry_key: "sesame-seed" };
    const { uuid } = await conductor.api.createNode(CONTEXT, { driver: "scripted", driverInfo });
    const stored = JSON.stringify((await world.database.nodes.get(uuid)).driverInfo);
    assert.doesNotMatch(stored, /sesame-seed/);
  });
});

describe("telemetry of a machine whose management interface has none", () => {
  it("is refused in the words of other missing interfaces, and no failure is noted", async () => {
    const drivers = scriptedDrivers();
    const catalogue = {
      ...drivers.catalogue,
      drivers: { ...drivers.catalogue.drivers, telemetry: {} },
    };
    const world = await ConductorWorld.create({ drivers });
    try {
      const conductor = await world.start({}, { catalogue });
      const { uuid } = await world.node(conductor);
      await assert.rejects(conductor.api.getSensors(CONTEXT, uuid), (error: Error) => {
        assert.ok(error instanceof UnsupportedDriverExtension);
        assert.match(error.message, /^Driver scripted does not support sensors/);
        return true;
      });
      assert.equal(await world.database.telemetry.get(uuid), undefined);
    } finally {
      await world.stop();
    }
  });

  it("does not start when its module does not load, and says which", async () => {
    const drivers = scriptedDrivers();
    const telemetry = { scripted: () => Promise.reject(new Error("no such file")) };
    const catalogue = {
      ...drivers.catalogue,
      drivers: { ...drivers.catalogue.drivers, telemetry },
    };
    const world = await ConductorWorld.create({ drivers });
    try {
      await assert.rejects(
        world.start({}, { catalogue }),
        /telemetry of management interface "scripted" does not load: no such file/,
      );
    } finally {
      await world.stop();
    }
  });
});

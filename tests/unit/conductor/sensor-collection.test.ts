import assert from "node:assert/strict";
import { BmcUnreachable, NodeLocked } from "../../../common/errors.ts";
import type { Node } from "../../../common/node.ts";
import type { RunningConductor } from "../../../conductor/conductor.ts";
import { ConductorWorld } from "./conductor-under-test.ts";
import { Gate, until } from "./until.ts";

const ON = { "sensor_data.send_sensor_data": "true", "sensor_data.workers": "2" };

describe("the collection of sensors", () => {
  let world: ConductorWorld;
  let conductor: RunningConductor;

  beforeEach(async () => {
    world = await ConductorWorld.create();
    conductor = await world.start(ON);
  });

  afterEach(() => world.stop());

  const collect = () => conductor.periodics.run("collect sensors");
  const reads = () => world.drivers.telemetry.reads;

  async function ready(more: Partial<Node> = {}): Promise<string> {
    const { uuid } = await world.node(conductor);
    await world.database.nodes.update(uuid, { provisionState: "available", ...more });
    return uuid;
  }

  it("reads every machine in service once a round", async () => {
    const uuids = [await ready(), await ready(), await ready()];
    await collect();
    assert.deepEqual([...reads()].sort(), uuids.sort());
    assert.equal((await world.database.telemetry.list()).length, 3);
  });

  it("leaves alone machines in maintenance, locked, never verified, or of others", async () => {
    await ready({ maintenance: true });
    await ready({ provisionState: "enroll" });
    await ready({ conductorGroup: "elsewhere" });
    await world.database.nodes.reserve(await ready(), "somebody-else");
    await collect();
    assert.deepEqual(reads(), []);
    assert.deepEqual(await world.database.telemetry.list(), []);
  });

  it("notes what goes wrong with one machine and reads the others", async () => {
    const [bad, good] = [await ready(), await ready()];
    world.drivers.telemetry.onRead = ({ node }) => {
      if (node.uuid === bad) throw new BmcUnreachable("no route to bmc1");
    };
    await collect();
    assert.equal((await world.database.telemetry.get(bad))?.error, "no route to bmc1");
    assert.equal((await world.database.telemetry.get(good))?.error, null);
  });

  it("takes a machine that is locked in between for no failure", async () => {
    const uuid = await ready();
    world.drivers.telemetry.onRead = () => {
      throw new NodeLocked(uuid, "somebody-else");
    };
    await collect();
    assert.equal(await world.database.telemetry.get(uuid), undefined);
  });

  it("blames no machine for its own end", async () => {
    const uuid = await ready();
    world.drivers.telemetry.onRead = ({ signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
      });
    const round = collect();
    await until("the machine is asked", () => reads().length === 1);
    await conductor.stop();
    await round;
    assert.equal(await world.database.telemetry.get(uuid), undefined);
  });

  it("asks so many machines at the same time, and no machine twice", async () => {
    for (let count = 0; count < 5; count += 1) await ready();
    const gate = new Gate();
    world.drivers.telemetry.onRead = () => gate.opened;
    const first = collect();
    await until("two machines are asked", () => reads().length === 2);
    const second = collect();
    assert.equal(reads().length, 2);
    gate.open();
    await Promise.all([first, second]);
    assert.equal(reads().length, 5);
    assert.equal(new Set(reads()).size, 5);
  });
});

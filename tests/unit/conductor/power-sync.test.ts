import assert from "node:assert/strict";
import { BmcUnreachable, UnsupportedDriverExtension } from "../../../common/errors.ts";
import type { Node } from "../../../common/node.ts";
import type { RunningConductor } from "../../../conductor/conductor.ts";
import { CONTEXT, ConductorWorld } from "./conductor-under-test.ts";

describe("power-state sync", () => {
  let world: ConductorWorld;
  let conductor: RunningConductor;
  let node: Node;

  beforeEach(async () => {
    world = await ConductorWorld.create();
    conductor = await world.start();
    const { uuid } = await world.node(conductor);
    node = await world.database.nodes.update(uuid, { provisionState: "available" });
  });

  afterEach(() => world.stop());

  const sync = (): Promise<void> => conductor.periodics.run("sync power states");
  const row = (): Promise<Node> => world.settled(node.uuid);

  it("writes what the machine says and switches nothing", async () => {
    world.drivers.power.states.set(node.uuid, "power on");
    await sync();
    assert.equal((await row()).powerState, "power on");
    world.drivers.power.states.set(node.uuid, "power off");
    await sync();
    assert.equal((await row()).powerState, "power off");
    assert.deepEqual(world.drivers.power.sets, []);
  });

  it("does not undo a power action that ended while the machine was being asked", async () => {
    const { power } = world.drivers;
    const ask = power.getPowerState.bind(power);
    power.getPowerState = async (task) => {
      power.getPowerState = ask;
      const before = await ask(task);
      await conductor.api.changeNodePowerState(CONTEXT, node.uuid, "power on");
      await row();
      return before;
    };
    await world.database.nodes.update(node.uuid, { powerState: "error" });
    await sync();
    assert.equal((await row()).powerState, "power on");
  });

  it("leaves locked, unverified and maintained nodes alone", async () => {
    world.drivers.power.states.set(node.uuid, "power on");
    await world.database.nodes.reserve(node.uuid, "somebody-else");
    await sync();
    await world.database.nodes.release(node.uuid, "somebody-else");
    assert.equal((await row()).powerState, null);
    await world.database.nodes.update(node.uuid, { maintenance: true });
    await sync();
    await world.database.nodes.update(node.uuid, { maintenance: false, provisionState: "enroll" });
    await sync();
    assert.equal((await row()).powerState, null);
  });

  it("says error after three failures in a row, and recovers", async () => {
    world.drivers.power.onGet = () => {
      throw new BmcUnreachable("no route to bmc1");
    };
    await sync();
    await sync();
    assert.equal((await row()).powerState, null);
    await sync();
    const failed = await row();
    assert.equal(failed.powerState, "error");
    assert.match(failed.lastError ?? "", /no route to bmc1$/);
    world.drivers.power.onGet = () => {};
    await sync();
    const recovered = await row();
    assert.equal(recovered.powerState, "power off");
    assert.equal(recovered.lastError, null);
  });

  it("counts failures in a row only", async () => {
    const fail = (): void => {
      throw new BmcUnreachable("no route to bmc1");
    };
    for (const onGet of [fail, fail, () => {}, fail, fail]) {
      world.drivers.power.onGet = onGet;
      await sync();
    }
    assert.equal((await row()).powerState, "power off");
  });

  it("does not count a machine without power control as failing", async () => {
    world.drivers.power.onGet = () => {
      throw new UnsupportedDriverExtension("scripted", "power");
    };
    for (let round = 0; round < 4; round += 1) await sync();
    const after = await row();
    assert.equal(after.powerState, null);
    assert.equal(after.lastError, null);
  });
});

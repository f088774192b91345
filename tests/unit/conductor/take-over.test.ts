import assert from "node:assert/strict";
import type { Node } from "../../../common/node.ts";
import type { RunningConductor } from "../../../conductor/conductor.ts";
import { CONTEXT, ConductorWorld } from "./conductor-under-test.ts";
import { Gate } from "./until.ts";

describe("take-over from a dead conductor", () => {
  let world: ConductorWorld;
  let survivor: RunningConductor;
  let node: Node;
  let now = 0;

  beforeEach(async () => {
    now = 1_000_000;
    world = await ConductorWorld.create({ clock: { now: () => now } });
    const dead = await world.start({ "DEFAULT.host": "dead" });
    node = await world.consoleOn(dead);
    await dead.stop();
    survivor = await world.start({ "DEFAULT.host": "survivor" });
    await survivor.restored;
    world.drivers.console.calls.length = 0;
  });

  afterEach(() => world.stop());

  const takeOver = (): Promise<void> => survivor.periodics.run("take over");

  it("adopts a console that still answers, in any provision state", async () => {
    await takeOver();
    const after = await world.database.nodes.get(node.uuid);
    assert.equal(after.conductorAffinity, "survivor");
    assert.equal(after.consoleEnabled, true);
    assert.deepEqual(world.drivers.console.acts, []);
  });

  it("starts a console again that died with its conductor", async () => {
    world.drivers.console.running.clear();
    await takeOver();
    const after = await world.database.nodes.get(node.uuid);
    assert.equal(after.conductorAffinity, "survivor");
    assert.deepEqual(world.drivers.console.acts, [`start ${node.uuid}`]);
  });

  it("releases the dead one's locks and carries on with what it had promised", async () => {
    const other = await world.node(survivor);
    await world.database.nodes.reserve(other.uuid, "dead");
    await world.database.nodes.update(other.uuid, {
      driverMemos: { conductor: { console: "enabling" } },
    });
    await takeOver();
    const after = await world.database.nodes.get(other.uuid);
    assert.equal(after.reservation, null);
    assert.equal(after.consoleEnabled, true);
    assert.equal(after.conductorAffinity, "survivor");
  });

  it("settles in a later round what was locked by another when a crash's locks were released", async () => {
    const other = await world.node(survivor);
    await world.database.nodes.update(other.uuid, {
      targetPowerState: "power on",
      driverMemos: { conductor: { console: "enabling" } },
    });
    await world.database.nodes.reserve(other.uuid, "somebody-else");
    await takeOver();
    const during = await world.database.nodes.get(other.uuid);
    assert.equal(during.consoleEnabled, false);
    assert.equal(during.targetPowerState, "power on");
    await world.database.nodes.release(other.uuid, "somebody-else");
    await takeOver();
    const after = await world.database.nodes.get(other.uuid);
    assert.equal(after.consoleEnabled, true);
    assert.equal(after.targetPowerState, null);
    assert.deepEqual(after.driverMemos, {});
  });

  it("leaves locks and consoles of living conductors alone", async () => {
    const second = await world.start({ "DEFAULT.host": "second" });
    const running = await world.consoleOn(second);
    const locked = await world.node(second);
    await world.database.nodes.reserve(locked.uuid, "second");
    world.drivers.console.calls.length = 0;
    await takeOver();
    const { reservation } = await world.database.nodes.get(locked.uuid);
    assert.equal(reservation, "second");
    const { conductorAffinity } = await world.database.nodes.get(running.uuid);
    assert.equal(conductorAffinity, "second");
    await world.database.nodes.release(locked.uuid, "second");
  });

  it("leaves those alone who only seem dead after a pause that hit everybody", async () => {
    const second = await world.start({ "DEFAULT.host": "second" });
    const running = await world.consoleOn(second);
    await takeOver();
    await world.database.nodes.reserve(running.uuid, "second");
    now += 3600_000;
    await world.database.conductors.heartbeat("survivor");
    await takeOver();
    const after = await world.database.nodes.get(running.uuid);
    assert.equal(after.reservation, "second");
    assert.equal(after.conductorAffinity, "second");
    await world.database.nodes.release(running.uuid, "second");
  });

  it("leaves the locks of this conductor's own work alone, and frees forgotten ones", async () => {
    const forgotten = await world.node(survivor);
    const busy = await world.node(survivor);
    const gate = new Gate();
    world.drivers.console.onStart = () => gate.opened;
    await survivor.api.setConsoleMode(CONTEXT, busy.uuid, true);
    await world.database.nodes.reserve(forgotten.uuid, "survivor");
    await takeOver();
    assert.equal((await world.database.nodes.get(forgotten.uuid)).reservation, null);
    assert.equal((await world.database.nodes.get(busy.uuid)).reservation, "survivor");
    gate.open();
    await world.settled(busy.uuid);
  });

  it("leaves nodes of another conductor group to that group", async () => {
    await world.database.nodes.update(node.uuid, { conductorGroup: "elsewhere" });
    await takeOver();
    assert.equal((await world.database.nodes.get(node.uuid)).conductorAffinity, "dead");
  });
});

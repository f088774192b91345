import assert from "node:assert/strict";
import { ConductorAlreadyRegistered } from "../../../common/errors.ts";
import { ConductorWorld } from "./conductor-under-test.ts";

describe("a conductor's registration", () => {
  let world: ConductorWorld;
  let now = 0;

  beforeEach(async () => {
    now = 1_000_000;
    world = await ConductorWorld.create({ clock: { now: () => now } });
  });

  afterEach(() => world.stop());

  it("announces hardware types and interfaces with their defaults", async () => {
    await world.start({ "conductor.conductor_group": "Rack1" });
    const [row] = await world.database.conductors.listAlive(60);
    assert.equal(row?.hostname, "conductor-1");
    assert.equal(row?.conductorGroup, "rack1");
    assert.deepEqual(row?.drivers, ["scripted"]);
    const console = (await world.database.conductors.listInterfaces("scripted")).filter(
      (one) => one.interfaceType === "console",
    );
    assert.deepEqual(
      console.map((one) => [one.interfaceName, one.isDefault]),
      [
        ["no-console", false],
        ["scripted", true],
      ],
    );
  });

  it("is refused to a second process of the same name, which leaves the first one alone", async () => {
    await world.start();
    await assert.rejects(world.start(), ConductorAlreadyRegistered);
    // The same name from another machine: no lock file of ours, but a fresh heartbeat.
    const elsewhere = { "DEFAULT.state_path": `${world.folder}/elsewhere` };
    await assert.rejects(world.start(elsewhere), ConductorAlreadyRegistered);
    assert.equal((await world.database.conductors.listAlive(60)).length, 1);
    await assert.rejects(world.start(), ConductorAlreadyRegistered);
  });

  it("passes to another process when the heartbeat is stale", async () => {
    await world.start();
    now += 61_000;
    await world.start({ "DEFAULT.state_path": `${world.folder}/elsewhere` });
  });

  it("ends with the conductor, whose name is free at once", async () => {
    const first = await world.start();
    await first.stop();
    assert.deepEqual(await world.database.conductors.listAlive(60), []);
    assert.deepEqual(await world.database.conductors.listInterfaces(), []);
    await world.start();
  });

  it("leaves nothing behind when it is refused", async () => {
    const first = await world.start();
    await assert.rejects(
      world.start({ "DEFAULT.state_path": `${world.folder}/elsewhere` }, { listen: true }),
      ConductorAlreadyRegistered,
    );
    await first.stop();
    await world.start({ "DEFAULT.state_path": `${world.folder}/elsewhere` }, { listen: true });
  });
});

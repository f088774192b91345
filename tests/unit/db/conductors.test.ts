import assert from "node:assert/strict";
import { ConductorAlreadyRegistered, ConductorNotFound } from "../../../common/errors.ts";
import type { ConductorInterface, Database } from "../../../db/database.ts";
import { describeOnEveryDatabase } from "../../helpers/database.ts";
import { SettableClock } from "./samples.ts";

const FAKE: ConductorInterface = {
  hardwareType: "fake-hardware",
  interfaceType: "console",
  interfaceName: "fake",
  isDefault: true,
};
const VNC: ConductorInterface = { ...FAKE, interfaceName: "vnc", isDefault: false };
const IDRAC: ConductorInterface = { ...VNC, hardwareType: "idrac" };

function register(
  database: Database,
  hostname: string,
  interfaces: readonly ConductorInterface[] = [FAKE],
  takeOver = false,
) {
  return database.conductors.register(
    { hostname, conductorGroup: "east", rpcUrl: "http://127.0.0.1:1/", drivers: ["b", "a"] },
    interfaces,
    { heartbeatTimeoutSeconds: 60, takeOver },
  );
}

describeOnEveryDatabase("conductors", (fresh) => {
  it("registers a conductor with its interfaces", async () => {
    const clock = new SettableClock();
    const database = await fresh(clock);
    const expected = {
      hostname: "c1",
      conductorGroup: "east",
      rpcUrl: "http://127.0.0.1:1/",
      online: true,
      drivers: ["b", "a"],
      createdAt: clock.now(),
      updatedAt: clock.now(),
    };
    assert.deepEqual(await register(database, "c1", [VNC, FAKE, IDRAC, FAKE]), expected);
    assert.deepEqual(await database.conductors.list(), [expected]);
    const offered = [FAKE, VNC, IDRAC].map((offer) => ({ ...offer, hostname: "c1" }));
    assert.deepEqual(await database.conductors.listInterfaces(), offered);
    assert.deepEqual(await database.conductors.listInterfaces("idrac"), [offered[2]]);
    assert.deepEqual(await database.conductors.listInterfaces("ilo"), []);
  });

  it("refuses a second conductor of a name while the first one's heart beats", async () => {
    const clock = new SettableClock();
    const database = await fresh(clock);
    await register(database, "c1");
    clock.advance(59);
    await database.conductors.heartbeat("c1");
    clock.advance(60);
    await assert.rejects(register(database, "c1", [VNC]), (error: unknown) => {
      assert.ok(error instanceof ConductorAlreadyRegistered);
      assert.match(error.message, /"c1"/);
      return true;
    });
    assert.deepEqual(await database.conductors.listInterfaces(), [{ ...FAKE, hostname: "c1" }]);
    await register(database, "c2");
    clock.advance(0.001);
    await register(database, "c1", [VNC]);
    assert.deepEqual(
      (await database.conductors.listInterfaces()).filter(({ hostname }) => hostname === "c1"),
      [{ ...VNC, hostname: "c1" }],
    );
  });

  it("lets a conductor take over its own name, or come back after it left", async () => {
    const clock = new SettableClock();
    const database = await fresh(clock);
    const { createdAt } = await register(database, "c1");
    clock.advance(1);
    const taken = await register(database, "c1", [FAKE], true);
    assert.deepEqual([taken.createdAt, taken.updatedAt], [createdAt, clock.now()]);
    await database.conductors.unregister("c1");
    assert.deepEqual(
      (await database.conductors.list()).map(({ online }) => online),
      [false],
    );
    assert.deepEqual(await database.conductors.listInterfaces(), []);
    assert.equal((await register(database, "c1")).online, true);
  });

  it("registers one of several that start at once under one name", async () => {
    const database = await fresh();
    const results = await Promise.allSettled(
      Array.from({ length: 5 }, () => register(database, "c1")),
    );
    assert.equal(results.filter(({ status }) => status === "fulfilled").length, 1);
  });

  it("counts as alive whose heart beat lately and who did not leave", async () => {
    const clock = new SettableClock();
    const database = await fresh(clock);
    for (const hostname of ["c3", "c1", "c2"]) await register(database, hostname);
    clock.advance(30);
    await database.conductors.heartbeat("c1");
    await database.conductors.heartbeat("c2");
    await database.conductors.unregister("c2");
    const alive = async (seconds: number) =>
      (await database.conductors.listAlive(seconds)).map(({ hostname }) => hostname);
    assert.deepEqual(await alive(60), ["c1", "c3"]);
    assert.deepEqual(await alive(29), ["c1"]);
    await assert.rejects(database.conductors.heartbeat("nobody"), ConductorNotFound);
  });
});

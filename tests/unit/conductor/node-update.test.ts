import assert from "node:assert/strict";
import {
  Conflict,
  InvalidParameterValue,
  InvalidToken,
  NodeLocked,
  NoValidHost,
} from "../../../common/errors.ts";
import type { Node, NodeChanges } from "../../../common/node.ts";
import type { RunningConductor } from "../../../conductor/conductor.ts";
import { CONTEXT, ConductorWorld } from "./conductor-under-test.ts";
import { scriptedDrivers } from "./scripted-drivers.ts";

describe("updateNode", () => {
  let world: ConductorWorld;
  let conductor: RunningConductor;

  beforeEach(async () => {
    const drivers = scriptedDrivers();
    const scripted = drivers.catalogue.hardwareTypes["scripted"];
    assert.ok(scripted);
    const second = {
      ...scripted,
      name: "second",
      supportedInterfaces: { ...scripted.supportedInterfaces, console: ["no-console"] },
    };
    const hardwareTypes = { scripted, second };
    world = await ConductorWorld.create({
      drivers: { ...drivers, catalogue: { ...drivers.catalogue, hardwareTypes } },
    });
    conductor = await world.start({ "DEFAULT.enabled_hardware_types": "scripted,second" });
  });

  afterEach(() => world.stop());

  const update = (uuid: string, changes: NodeChanges, options?: object): Promise<Node> =>
    conductor.api.updateNode(CONTEXT, uuid, changes, options);

  async function openSession(nodeUuid: string): Promise<{ id: string; token: string }> {
    const { tokens, sessions } = world.database;
    const owner = { mode: "control", userId: null, projectId: null } as const;
    const { token } = await tokens.authorize({
      nodeUuid,
      consoleType: "vnc",
      ttlSeconds: 60,
      ...owner,
    });
    const place = { proxyHost: "proxy-1", maxSessionsPerNode: 10 };
    const from = { sourceAddress: "192.0.2.1", userAgent: null };
    const { session } = await sessions.open({ token, ...place, ...from });
    return { id: session.id, token };
  }

  for (const [field, value] of [
    ["owner", "project-b"],
    ["lessee", null],
    ["instanceUuid", null],
  ] as const)
    it(`keeps what the serial line said from who comes when ${field} changes`, async () => {
      const before = {
        owner: "project-a",
        lessee: "project-a",
        instanceUuid: "6b1b8a3e-0000-4000-8000-000000000001",
      };
      const { uuid } = await world.node(conductor, before);
      const renamed = await conductor.api.updateNode(CONTEXT, uuid, { name: "other-name" });
      assert.equal(renamed.consoleHistorySince, null);
      const moved = await conductor.api.updateNode(CONTEXT, uuid, { [field]: value });
      assert.ok((moved.consoleHistorySince ?? 0) > 0);
    });

  it("keeps what operators saw from the first tenant, whose coming ends nothing", async () => {
    const { uuid } = await world.consoleOn(conductor);
    const session = await openSession(uuid);
    const moved = await update(uuid, { lessee: "project-a" });
    assert.ok((moved.consoleHistorySince ?? 0) > 0);
    assert.deepEqual(await world.database.sessions.killRequests("proxy-1"), []);
    await world.database.tokens.validate(session.token, uuid);
  });

  it("ends what a former tenant holds of the console when the machine is another's", async () => {
    const { uuid } = await world.consoleOn(conductor);
    await update(uuid, { lessee: "project-a" });
    const { id, token } = await openSession(uuid);
    await update(uuid, { lessee: "project-b" });
    const ended = await world.database.sessions.killRequests("proxy-1");
    assert.deepEqual(ended, [{ id, reason: "node_released" }]);
    await assert.rejects(world.database.tokens.validate(token, uuid), InvalidToken);
  });

  it("writes changes and answers with the row, the lock given back", async () => {
    const { uuid } = await world.node(conductor);
    const written = await update(uuid, { extra: { a: 1 }, name: "n2" });
    assert.deepEqual(written.extra, { a: 1 });
    const stored = await world.database.nodes.get("n2");
    assert.equal(stored.reservation, null);
    assert.deepEqual({ ...stored, reservation: "conductor-1" }, written);
  });

  it("keeps the stored secret behind written-back asterisks", async () => {
    const { uuid, driverInfo } = await world.node(conductor);
    const written = await update(uuid, {
      driverInfo: { scripted_address: "bmc2", scripted_password: "******" },
    });
    assert.deepEqual(written.driverInfo["scripted_password"], driverInfo["scripted_password"]);
    await conductor.api.setConsoleMode(CONTEXT, uuid, true);
    await world.settled(uuid);
    const seen = world.drivers.console.lastTask?.node.driverInfo["scripted_password"];
    assert.equal((seen as { reveal(): string }).reveal(), "opensesame");
  });

  it("refuses asterisks that stand for nothing, and changes nothing", async () => {
    const { uuid, driverInfo } = await world.node(conductor);
    await assert.rejects(
      update(uuid, { name: "n3", driverInfo: { other_password: "******" } }),
      InvalidParameterValue,
    );
    const stored = await world.database.nodes.get(uuid);
    assert.deepEqual(stored.driverInfo, driverInfo);
    assert.equal(stored.name, null);
  });

  it("refuses a locked node", async () => {
    const { uuid } = await world.node(conductor);
    await world.database.nodes.reserve(uuid, "somebody-else");
    await assert.rejects(update(uuid, { name: "x" }), NodeLocked);
  });

  it("refuses what belongs to the conductor", async () => {
    const { uuid } = await world.node(conductor);
    await assert.rejects(update(uuid, { consoleEnabled: true }), InvalidParameterValue);
    await assert.rejects(update(uuid, { provisionState: "active" }), InvalidParameterValue);
    await assert.rejects(update(uuid, { maintenance: null } as never), InvalidParameterValue);
  });

  it("refuses another driver or console interface while the console is enabled", async () => {
    const { uuid } = await world.consoleOn(conductor);
    await assert.rejects(update(uuid, { driver: "second" }), Conflict);
    await assert.rejects(update(uuid, { driver: "second" }), {
      message: `Node ${uuid} can not update the driver while the console is enabled. Please stop the console first.`,
    });
    await assert.rejects(update(uuid, { consoleInterface: "no-console" }), Conflict);
    await assert.rejects(update(uuid, { consoleInterface: null }), Conflict);
    assert.equal((await world.database.nodes.get(uuid)).consoleInterface, "scripted");
  });

  it("lets a patch repeat the driver and interface that are there", async () => {
    const { uuid } = await world.consoleOn(conductor);
    await update(uuid, { driver: "scripted", consoleInterface: "scripted", extra: { a: 1 } });
  });

  it("refuses a new driver that lacks the node's interface, unless interfaces are reset", async () => {
    const { uuid } = await world.node(conductor);
    await assert.rejects(update(uuid, { driver: "second" }), {
      message:
        "console interface implementation 'scripted' is not supported by hardware type second.",
    });
    const moved = await update(uuid, { driver: "second" }, { resetInterfaces: true });
    assert.equal(moved.driver, "second");
    assert.equal(moved.consoleInterface, "no-console");
  });

  it("changes interfaces only in some provision states or in maintenance", async () => {
    const { uuid } = await world.node(conductor);
    await world.database.nodes.update(uuid, { provisionState: "active" });
    await assert.rejects(update(uuid, { consoleInterface: "no-console" }), {
      name: "Conflict",
      message: `Node ${uuid} can not have console_interface updated unless it is in one of allowed (enroll, manageable, available) states or in maintenance mode.`,
    });
    await update(uuid, { maintenance: true, maintenanceReason: "why" });
    const changed = await update(uuid, { consoleInterface: "no-console" });
    assert.equal(changed.consoleInterface, "no-console");
  });

  it("gives the default to an interface that is set to null", async () => {
    const { uuid } = await world.node(conductor, { consoleInterface: "no-console" });
    assert.equal((await update(uuid, { consoleInterface: null })).consoleInterface, "scripted");
  });

  it("forgets what an interface had remembered when another takes its place", async () => {
    const { uuid } = await world.node(conductor);
    await world.database.nodes.update(uuid, { driverMemos: { console: 1, power: 2 } });
    const changed = await update(uuid, { consoleInterface: "no-console" });
    assert.deepEqual(changed.driverMemos, { power: 2 });
  });

  it("refuses a driver that no conductor has", async () => {
    const { uuid } = await world.node(conductor);
    await assert.rejects(update(uuid, { driver: "nope" }), (error: Error) =>
      /No valid host was found/.test(error.message),
    );
  });

  it("rescues a node whose driver is not enabled any more", async () => {
    const { uuid } = await world.node(conductor);
    await world.database.nodes.update(uuid, { driver: "gone" });
    assert.equal((await update(uuid, { driver: "scripted" })).driver, "scripted");
  });

  it("refuses to move a node to a group that it does not serve", async () => {
    const { uuid } = await world.node(conductor);
    await assert.rejects(update(uuid, { conductorGroup: "elsewhere" }), NoValidHost);
  });

  it("refuses to give an associated node to another instance", async () => {
    const { uuid } = await world.node(conductor, { instanceUuid: "i-1" });
    await assert.rejects(update(uuid, { instanceUuid: "i-2" }), Conflict);
    await update(uuid, { instanceUuid: null });
    await update(uuid, { instanceUuid: "i-2" });
  });

  it("forgets the reason and fault when maintenance ends", async () => {
    const { uuid } = await world.node(conductor);
    await update(uuid, { maintenance: true, maintenanceReason: "why" });
    const { maintenanceReason } = await update(uuid, { maintenance: false });
    assert.equal(maintenanceReason, null);
  });
});

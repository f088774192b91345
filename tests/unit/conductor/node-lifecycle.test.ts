import assert from "node:assert/strict";
import {
  Conflict,
  ConsoleError,
  InvalidParameterValue,
  NodeConsoleNotEnabled,
  NodeAlreadyExists,
  NodeLocked,
  NodeNotFound,
  NotAuthorized,
  NoValidHost,
} from "../../../common/errors.ts";
import type { NodeChanges } from "../../../common/node.ts";
import { isSealed } from "../../../common/secret-box.ts";
import type { RunningConductor } from "../../../conductor/conductor.ts";
import { CONTEXT, ConductorWorld } from "./conductor-under-test.ts";

describe("createNode", () => {
  let world: ConductorWorld;
  let conductor: RunningConductor;

  beforeEach(async () => {
    world = await ConductorWorld.create();
    conductor = await world.start();
  });

  afterEach(() => world.stop());

  it("stores a node with sealed secrets and every interface's default", async () => {
    const node = await world.node(conductor, { name: "n1" });
    assert.equal(node.provisionState, "enroll");
    assert.equal(node.consoleInterface, "scripted");
    assert.equal(node.biosInterface, "no-bios");
    assert.ok(isSealed(node.driverInfo["scripted_password"]));
    assert.deepEqual(await world.database.nodes.get("n1"), node);
  });

  it("keeps the uuid and interfaces that were asked for", async () => {
    const uuid = "1be26c0b-03f2-4d2e-ae87-c02d7f33c123";
    const node = await conductor.api.createNode(CONTEXT, {
      uuid,
      driver: "scripted",
      consoleInterface: "no-console",
    });
    assert.equal(node.uuid, uuid);
    assert.equal(node.consoleInterface, "no-console");
  });

  it("refuses an unknown driver in Ironic's words", async () => {
    const creating = conductor.api.createNode(CONTEXT, { driver: "nope" });
    await assert.rejects(creating, NoValidHost);
    await assert.rejects(creating, {
      message:
        'No valid host was found. Reason: No conductor service registered which supports driver nope for conductor group "".',
    });
  });

  it("refuses a conductor group that this conductor does not serve", async () => {
    await assert.rejects(world.node(conductor, { conductorGroup: "Rack1" }), NoValidHost);
  });

  it("compares conductor groups without regard to case", async () => {
    const other = await world.start({ "DEFAULT.host": "c2", "conductor.conductor_group": "Rack1" });
    assert.equal((await world.node(other, { conductorGroup: "rACK1" })).conductorGroup, "rack1");
  });

  it("refuses an interface that is not enabled, in Ironic's words", async () => {
    await assert.rejects(world.node(conductor, { consoleInterface: "ipmitool-socat" }), {
      name: "InvalidParameterValue",
      message:
        "Could not find the following interface in the 'ironic.hardware.interfaces.console' entrypoint: ipmitool-socat. Valid interfaces are ['scripted', 'no-console'].",
    });
  });

  it("refuses fields that belong to the conductor", async () => {
    const forbidden: NodeChanges[] = [
      { consoleEnabled: true },
      { consoleEndpoint: null },
      { driverMemos: {} },
      { powerState: "power on" },
      { lastError: "x" },
      { driverInternalInfo: {} },
    ];
    for (const field of forbidden)
      await assert.rejects(world.node(conductor, field), InvalidParameterValue);
    assert.deepEqual(await world.database.nodes.list(), []);
  });

  it("refuses a taken name", async () => {
    await world.node(conductor, { name: "n1" });
    await assert.rejects(world.node(conductor, { name: "n1" }), NodeAlreadyExists);
  });
});

describe("destroyNode", () => {
  let world: ConductorWorld;
  let conductor: RunningConductor;

  beforeEach(async () => {
    world = await ConductorWorld.create();
    conductor = await world.start();
  });

  afterEach(() => world.stop());

  const destroy = (uuid: string): Promise<void> => conductor.api.destroyNode(CONTEXT, uuid);

  it("cuts tenants off, stops the console, then deletes the node", async () => {
    const { uuid } = await world.consoleOn(conductor);
    const { token } = await world.database.tokens.authorize({
      nodeUuid: uuid,
      consoleType: "vnc",
      mode: "control",
      userId: null,
      projectId: null,
      ttlSeconds: 60,
    });
    const { session } = await world.database.sessions.open({
      token,
      sourceAddress: "192.0.2.1",
      userAgent: null,
      proxyHost: "proxy-1",
      maxSessionsPerNode: 10,
    });
    await destroy(uuid);
    assert.deepEqual(world.drivers.console.acts, [`start ${uuid}`, `stop ${uuid}`]);
    await assert.rejects(world.database.nodes.get(uuid), NodeNotFound);
    assert.deepEqual(await world.database.sessions.killRequests("proxy-1"), [
      { id: session.id, reason: "node_deleted" },
    ]);
  });

  it("gives out no link while a hanging console is stopped, and none given before outlives the node", async () => {
    const { uuid } = await world.consoleOn(conductor);
    const { sessions, tokens } = world.database;
    let asked = 0;
    let sessionId = "";
    world.drivers.console.onStop = async () => {
      asked += 1;
      await assert.rejects(
        conductor.api.getConsoleInformation(CONTEXT, uuid),
        NodeConsoleNotEnabled,
      );
      /* One that was half made when the deletion began. */
      const { token } = await tokens.authorize({
        nodeUuid: uuid,
        consoleType: "vnc",
        mode: "control",
        userId: null,
        projectId: null,
        ttlSeconds: 600,
      });
      const { session } = await sessions.open({
        token,
        sourceAddress: "192.0.2.1",
        userAgent: null,
        proxyHost: "proxy-1",
        maxSessionsPerNode: 10,
      });
      sessionId = session.id;
      throw new ConsoleError("no answer");
    };
    await destroy(uuid);
    assert.equal(asked, 1);
    assert.deepEqual(await sessions.killRequests("proxy-1"), [
      { id: sessionId, reason: "node_deleted" },
    ]);
  });

  it("deletes a node whose console cannot be stopped", async () => {
    const { uuid } = await world.consoleOn(conductor);
    world.drivers.console.onStop = () => {
      throw new ConsoleError("no answer");
    };
    await destroy(uuid);
    await assert.rejects(world.database.nodes.get(uuid), NodeNotFound);
  });

  it("refuses a locked node", async () => {
    const { uuid } = await world.node(conductor);
    await world.database.nodes.reserve(uuid, "somebody-else");
    await assert.rejects(destroy(uuid), NodeLocked);
  });

  it("refuses a node with an instance, unless it is in maintenance", async () => {
    const { uuid } = await world.node(conductor, { instanceUuid: "i-1" });
    await assert.rejects(destroy(uuid), Conflict);
    await assert.rejects(destroy(uuid), {
      message: `Node ${uuid} is associated with instance i-1.`,
    });
    await conductor.api.updateNode(CONTEXT, uuid, { maintenance: true });
    await destroy(uuid);
  });

  it("refuses an active node, unless it is in maintenance", async () => {
    const { uuid } = await world.node(conductor);
    await world.database.nodes.update(uuid, { provisionState: "active" });
    await assert.rejects(
      destroy(uuid),
      /Can not delete node ".*" while it is in provision state "active"/,
    );
    assert.equal((await world.database.nodes.get(uuid)).reservation, null);
    await conductor.api.updateNode(CONTEXT, uuid, { maintenance: true });
    await destroy(uuid);
  });

  it("refuses a protected node, even in maintenance", async () => {
    const { uuid } = await world.node(conductor, { protected: true, maintenance: true });
    await assert.rejects(destroy(uuid), NotAuthorized);
  });

  it("answers 404 for a node whose driver is not enabled any more", async () => {
    const { uuid } = await world.node(conductor);
    await world.database.nodes.update(uuid, { driver: "gone" });
    await assert.rejects(destroy(uuid), { status: 404, message: /supports driver gone/ });
  });
});

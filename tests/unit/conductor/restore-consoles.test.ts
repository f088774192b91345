import assert from "node:assert/strict";
import { ConsoleError } from "../../../common/errors.ts";
import type { Node } from "../../../common/node.ts";
import type { RunningConductor } from "../../../conductor/conductor.ts";
import { CONTEXT, ConductorWorld } from "./conductor-under-test.ts";

describe("a conductor's start", () => {
  let world: ConductorWorld;
  let first: RunningConductor;

  beforeEach(async () => {
    world = await ConductorWorld.create();
    first = await world.start();
  });

  afterEach(() => world.stop());

  /** Stops the first and starts the second of the same name; waits for the consoles' restore. */
  async function restart(): Promise<RunningConductor> {
    await first.stop();
    world.drivers.console.calls.length = 0;
    const second = await world.start();
    await second.restored;
    return second;
  }

  async function openSession(node: Node): Promise<string> {
    const { token } = await world.database.tokens.authorize({
      nodeUuid: node.uuid,
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
    return session.id;
  }

  it("leaves a console alone that still answers, and its sessions", async () => {
    const node = await world.consoleOn(first);
    await openSession(node);
    await restart();
    assert.deepEqual(world.drivers.console.acts, []);
    const after = await world.database.nodes.get(node.uuid);
    assert.deepEqual(after.consoleEndpoint?.transport, node.consoleEndpoint?.transport);
    assert.equal(after.consoleEnabled, true);
    assert.equal(after.reservation, null);
    assert.deepEqual(await world.database.sessions.killRequests("proxy-1"), []);
  });

  it("starts a console again that does not answer, and ends its sessions", async () => {
    const node = await world.consoleOn(first);
    const session = await openSession(node);
    world.drivers.console.running.clear();
    await restart();
    assert.deepEqual(world.drivers.console.acts, [`start ${node.uuid}`]);
    assert.equal((await world.database.nodes.get(node.uuid)).consoleEnabled, true);
    assert.deepEqual(await world.database.sessions.killRequests("proxy-1"), [
      { id: session, reason: "console_restarted" },
    ]);
  });

  it("starts a console again whose driver cannot check, without ending sessions", async () => {
    const node = await world.consoleOn(first);
    await openSession(node);
    Object.assign(world.drivers.console, { checkConsole: undefined });
    await restart();
    assert.deepEqual(world.drivers.console.acts, [`start ${node.uuid}`]);
    assert.deepEqual(await world.database.sessions.killRequests("proxy-1"), []);
  });

  it("switches a console off with a reason when it cannot be brought back", async () => {
    const node = await world.consoleOn(first);
    world.drivers.console.running.clear();
    world.drivers.console.onStart = () => {
      throw new ConsoleError("the licence is gone");
    };
    await restart();
    const after = await world.database.nodes.get(node.uuid);
    assert.equal(after.consoleEnabled, false);
    assert.equal(after.consoleEndpoint, null);
    assert.equal(
      after.lastError,
      `Error restoring the console on node ${node.uuid}. Reason: the licence is gone`,
    );
  });

  it("brings every other console back when one fails", async () => {
    const nodes = [await world.consoleOn(first), await world.consoleOn(first)];
    world.drivers.console.running.clear();
    world.drivers.console.onStart = (task) => {
      if (task.node.uuid === nodes[0]?.uuid) throw new ConsoleError("broken");
    };
    await restart();
    assert.deepEqual([...world.drivers.console.running], [nodes[1]?.uuid]);
  });

  it("skips a node that another conductor has locked", async () => {
    const node = await world.consoleOn(first);
    await world.database.nodes.reserve(node.uuid, "somebody-else");
    world.drivers.console.running.clear();
    await restart();
    assert.deepEqual(world.drivers.console.calls, []);
    assert.equal((await world.database.nodes.get(node.uuid)).consoleEnabled, true);
  });

  it("releases locks that a dead run of the same name left", async () => {
    const node = await world.node(first);
    await first.stop();
    await world.database.nodes.reserve(node.uuid, "conductor-1");
    await restart();
    assert.equal((await world.database.nodes.get(node.uuid)).reservation, null);
  });

  for (const [pending, enabled] of [
    ["enabling", true],
    ["disabling", false],
  ] as const)
    it(`carries on with ${pending} that a crash interrupted`, async () => {
      const node = enabled ? await world.node(first) : await world.consoleOn(first);
      await first.stop();
      await world.database.nodes.reserve(node.uuid, "conductor-1");
      await world.database.nodes.update(node.uuid, {
        driverMemos: { conductor: { console: pending }, console: { kept: true } },
      });
      await restart();
      const after = await world.database.nodes.get(node.uuid);
      assert.equal(after.consoleEnabled, enabled);
      assert.equal(after.reservation, null);
      assert.deepEqual(after.driverMemos, { console: { kept: true } });
      assert.equal(world.drivers.console.running.has(node.uuid), enabled);
    });

  it("gives up power actions and verification that a crash interrupted, with a reason", async () => {
    const [powering, verifying] = [await world.node(first), await world.node(first)];
    await first.stop();
    for (const { uuid } of [powering, verifying])
      await world.database.nodes.reserve(uuid, "conductor-1");
    await world.database.nodes.update(powering.uuid, { targetPowerState: "power on" });
    await world.database.nodes.update(verifying.uuid, {
      provisionState: "verifying",
      targetProvisionState: "manageable",
    });
    await restart();
    const powered = await world.database.nodes.get(powering.uuid);
    assert.equal(powered.targetPowerState, null);
    assert.match(powered.lastError ?? "", /power operation was aborted/);
    const enrolled = await world.database.nodes.get(verifying.uuid);
    assert.equal(enrolled.provisionState, "enroll");
    assert.equal(enrolled.targetProvisionState, null);
    assert.match(enrolled.lastError ?? "", /aborted/);
  });

  it("settles all that was begun even when its lock was released before", async () => {
    const disabling = await world.consoleOn(first);
    const [powering, verifying] = [await world.node(first), await world.node(first)];
    await first.stop();
    await world.database.nodes.update(disabling.uuid, {
      driverMemos: { conductor: { console: "disabling" } },
    });
    await world.database.nodes.update(powering.uuid, { targetPowerState: "power on" });
    await world.database.nodes.update(verifying.uuid, { provisionState: "verifying" });
    await restart();
    const off = await world.database.nodes.get(disabling.uuid);
    assert.equal(off.consoleEnabled, false);
    assert.deepEqual(off.driverMemos, {});
    assert.deepEqual(world.drivers.console.acts, [`stop ${disabling.uuid}`]);
    assert.equal((await world.database.nodes.get(powering.uuid)).targetPowerState, null);
    assert.equal((await world.database.nodes.get(verifying.uuid)).provisionState, "enroll");
  });

  it("does not take its own stop for the silence of a console that it is looking at", async () => {
    const node = await world.consoleOn(first);
    await openSession(node);
    await first.stop();
    world.drivers.console.calls.length = 0;
    let looked = (): void => {};
    const looking = new Promise<void>((resolve) => (looked = resolve));
    world.drivers.console.onCheck = (task) =>
      new Promise((_resolve, reject) => {
        task.signal.addEventListener("abort", () => reject(new ConsoleError("socket closed")));
        looked();
      });
    const second = await world.start();
    await looking;
    await second.stop();
    const after = await world.database.nodes.get(node.uuid);
    assert.deepEqual(world.drivers.console.acts, []);
    assert.deepEqual(await world.database.sessions.killRequests("proxy-1"), []);
    assert.equal(after.consoleEnabled, true);
    assert.equal(after.lastError, null);
  });

  it("leaves consoles on when it stops, and the endpoint saved", async () => {
    const node = await world.consoleOn(first);
    await first.stop();
    const after = await world.database.nodes.get(node.uuid);
    assert.equal(after.consoleEnabled, true);
    assert.deepEqual(after.consoleEndpoint, node.consoleEndpoint);
    assert.ok(world.drivers.console.running.has(node.uuid));
    assert.deepEqual(await world.database.conductors.listAlive(60), []);
  });

  it("does not call a console broken because its own stop interrupted the restore", async () => {
    const node = await world.consoleOn(first);
    await first.stop();
    world.drivers.console.running.clear();
    let started = (): void => {};
    const starting = new Promise<void>((resolve) => (started = resolve));
    world.drivers.console.onStart = (task) =>
      new Promise((_resolve, reject) => {
        task.signal.addEventListener("abort", () => reject(task.signal.reason as Error));
        started();
      });
    const second = await world.start();
    await starting;
    await second.stop();
    const after = await world.database.nodes.get(node.uuid);
    assert.equal(after.consoleEnabled, true);
    assert.equal(after.lastError, null);
    await assert.rejects(second.api.setConsoleMode(CONTEXT, node.uuid, false));
  });
});

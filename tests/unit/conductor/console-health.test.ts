import assert from "node:assert/strict";
import { ConsoleError } from "../../../common/errors.ts";
import type { Node } from "../../../common/node.ts";
import type { RunningConductor } from "../../../conductor/conductor.ts";
import { CONTEXT, ConductorWorld } from "./conductor-under-test.ts";
import { Gate } from "./until.ts";

describe("the console health check", () => {
  let world: ConductorWorld;
  let conductor: RunningConductor;
  let node: Node;
  let now = 0;

  beforeEach(async () => {
    now = 1_000_000;
    world = await ConductorWorld.create({ clock: { now: () => now } });
    conductor = await world.start({
      "conductor.console_health_interval": "60",
      // The test's clock jumps between two real heartbeats.
      "conductor.heartbeat_timeout": "3600",
    });
    node = await world.consoleOn(conductor);
    world.drivers.console.calls.length = 0;
  });

  afterEach(() => world.stop());

  const check = (): Promise<void> => conductor.periodics.run("check consoles");
  const row = (): Promise<Node> => world.settled(node.uuid);

  it("leaves a console alone that answers", async () => {
    const before = await row();
    await check();
    assert.deepEqual(world.drivers.console.calls, [`check ${node.uuid}`]);
    assert.deepEqual(await row(), before);
  });

  const openSession = async (): Promise<{ id: string; token: string }> => {
    const { token } = await world.database.tokens.authorize({
      nodeUuid: node.uuid,
      consoleType: "vnc",
      mode: "control",
      userId: null,
      projectId: null,
      ttlSeconds: 600,
    });
    const { session } = await world.database.sessions.open({
      token,
      sourceAddress: "192.0.2.1",
      userAgent: null,
      proxyHost: "proxy-1",
      maxSessionsPerNode: 10,
    });
    return { id: session.id, token };
  };

  it("starts a dead console again and ends its sessions so that they can come back", async () => {
    const { id, token } = await openSession();
    world.drivers.console.running.clear();
    await check();
    const after = await row();
    assert.deepEqual(world.drivers.console.acts, [`start ${node.uuid}`]);
    assert.equal(after.consoleEnabled, true);
    assert.equal(after.lastError, null);
    assert.deepEqual(await world.database.sessions.killRequests("proxy-1"), [
      { id, reason: "console_restarted" },
    ]);
    await world.database.tokens.validate(token, node.uuid);
  });

  it("shows what is wrong in last_error while it restarts", async () => {
    world.drivers.console.running.clear();
    const gate = new Gate();
    world.drivers.console.onStart = () => gate.opened;
    await check();
    const during = await world.database.nodes.get(node.uuid);
    assert.match(during.lastError ?? "", /does not answer .* Reason: nobody answers$/);
    assert.equal(during.consoleEnabled, true);
    gate.open();
    assert.equal((await row()).lastError, null);
  });

  it("keeps the wish and waits longer and longer while the restart fails", async () => {
    world.drivers.console.running.clear();
    world.drivers.console.onStart = () => {
      throw new ConsoleError("still no port");
    };
    const starts = (): number => world.drivers.console.acts.length;
    await check();
    const failed = await row();
    assert.equal(failed.consoleEnabled, true);
    assert.match(failed.lastError ?? "", /next try in 60 seconds\. Reason: still no port$/);
    assert.equal(starts(), 1);
    now += 59_000;
    await check();
    await row();
    assert.equal(starts(), 1);
    now += 2000;
    await check();
    assert.match((await row()).lastError ?? "", /next try in 120 seconds/);
    assert.equal(starts(), 2);
    now += 61_000;
    await check();
    await row();
    assert.equal(starts(), 2);
    now += 60_000;
    world.drivers.console.onStart = () => {};
    await check();
    const healed = await row();
    assert.equal(healed.lastError, null);
    assert.equal(starts(), 3);
  });

  it("clears its error when the console came back by itself", async () => {
    world.drivers.console.running.clear();
    world.drivers.console.onStart = () => {
      throw new ConsoleError("still no port");
    };
    await check();
    await row();
    world.drivers.console.running.add(node.uuid);
    now += 61_000;
    await check();
    assert.equal((await row()).lastError, null);
    assert.equal(world.drivers.console.acts.length, 1);
  });

  it("clears nobody else's error", async () => {
    await world.database.nodes.update(node.uuid, { lastError: "the power supply hums" });
    await check();
    assert.equal((await row()).lastError, "the power supply hums");
  });

  it("leaves a node alone that is locked", async () => {
    await world.database.nodes.reserve(node.uuid, "somebody-else");
    await check();
    assert.deepEqual(world.drivers.console.calls, []);
  });

  it("does not restart a console that was disabled while it was being checked", async () => {
    world.drivers.console.onCheck = async () => {
      world.drivers.console.onCheck = () => {};
      await conductor.api.setConsoleMode(CONTEXT, node.uuid, false);
      await world.settled(node.uuid);
      throw new ConsoleError("connection closed");
    };
    await check();
    assert.deepEqual(world.drivers.console.acts, [`stop ${node.uuid}`]);
    assert.equal((await row()).consoleEnabled, false);
  });

  it("believes a second look before it restarts", async () => {
    let looks = 0;
    world.drivers.console.onCheck = () => {
      looks += 1;
      if (looks === 1) throw new ConsoleError("a hiccup");
    };
    await check();
    assert.equal((await row()).lastError, null);
    assert.deepEqual(world.drivers.console.acts, []);
  });

  for (const interrupted of ["first", "second"] as const)
    it(`neither restarts nor complains when its own stop interrupts the ${interrupted} look`, async () => {
      await openSession();
      const gate = new Gate();
      let looks = 0;
      world.drivers.console.onCheck = (task) => {
        looks += 1;
        if (interrupted === "second" && looks === 1) throw new ConsoleError("a hiccup");
        gate.open();
        return new Promise((_resolve, reject) => {
          task.signal.addEventListener("abort", () => reject(new ConsoleError("socket closed")));
        });
      };
      const checked = check();
      await gate.opened;
      await conductor.stop();
      await checked;
      assert.deepEqual(world.drivers.console.acts, []);
      assert.deepEqual(await world.database.sessions.killRequests("proxy-1"), []);
      assert.equal((await row()).consoleEnabled, true);
      if (interrupted === "first") assert.equal((await row()).lastError, null);
    });

  it("restarts a few at a time and leaves workers to operators", async () => {
    const nodes = [node];
    for (let index = 0; index < 3; index += 1) nodes.push(await world.consoleOn(conductor));
    await conductor.stop();
    conductor = await world.start({
      "conductor.workers_pool_size": "8",
      "conductor.heartbeat_timeout": "3600",
    });
    await conductor.restored;
    world.drivers.console.calls.length = 0;
    world.drivers.console.running.clear();
    const gate = new Gate();
    world.drivers.console.onStart = () => gate.opened;
    await check();
    const rows = await world.database.nodes.list({ filters: { reservedBy: "conductor-1" } });
    gate.open();
    assert.equal(rows.length, 2);
    for (const { uuid } of nodes) await world.settled(uuid);
    await check();
    for (const { uuid } of nodes) await world.settled(uuid);
    assert.equal(world.drivers.console.running.size, 4);
  });

  it("passes over consoles whose driver cannot check", async () => {
    Object.assign(world.drivers.console, { checkConsole: undefined });
    await check();
    assert.deepEqual(world.drivers.console.calls, []);
    assert.equal((await row()).lastError, null);
  });
});

/** Consoles that have to be started first, and screens that several people are on. */
import assert from "node:assert/strict";
import { preludeLine } from "../../common/console-prelude.ts";
import { honestNone, startFakeVncServer, type FakeVncServer } from "../fakes/vnc-server.ts";
import { startProxyWorld, type ProxyWorld } from "../helpers/novncproxy-world.ts";
import { TenantClient } from "../helpers/tenant-client.ts";

const PROTOCOLS = ["baremetal-console.v1", "binary"];

describe("a console that has to be started first", function () {
  this.timeout(15_000);
  let world: ProxyWorld;
  let server: FakeVncServer;
  let fails = false;

  before(async () => {
    server = await startFakeVncServer(async (connection) => {
      connection.send(preludeLine({ type: "step", step: "queue", elapsedMs: 0, position: 2 }));
      connection.send(preludeLine({ type: "bmc", answers: false }));
      connection.send(preludeLine({ type: "step", step: "login", elapsedMs: 1500 }));
      if (fails) {
        connection.send(preludeLine({ type: "failed", step: "login", failure: "sessions_taken" }));
        connection.close();
      } else await honestNone(connection);
    });
    world = await startProxyWorld({ config: { "vnc.handshake_timeout": "1" } });
  });
  after(async () => {
    await world?.stop();
    await server?.stop();
  });

  const open = async (port = server.port): Promise<TenantClient> => {
    const node = await world.addNode({ port, preludeSeconds: 4 });
    return new TenantClient(world.address(node, await world.authorize(node)), {
      protocols: PROTOCOLS,
    });
  };

  it("tells the page how far it is, then shows the screen", async () => {
    const tenant = await open();
    const { type: _queue, ...queue } = await tenant.text("starting");
    assert.deepEqual(queue, { step: "queue", elapsedMs: 0, position: 2 });
    assert.equal((await tenant.text("bmc"))["answers"], false);
    const { type: _login, ...login } = await tenant.text("starting");
    assert.deepEqual(login, { step: "login", elapsedMs: 1500 });
    await tenant.handshake();
    await tenant.close();
  });

  it("ends with the name of what went wrong", async () => {
    fails = true;
    const tenant = await open();
    await assert.rejects(tenant.handshake());
    assert.deepEqual(await tenant.closed, { code: 1013, reason: "CONSOLE_SESSIONS_TAKEN" });
    fails = false;
  });

  it("may take longer than a handshake's step, but not for ever", async () => {
    const silent = await startFakeVncServer(async () => undefined);
    const began = performance.now();
    const tenant = await open(silent.port);
    await assert.rejects(tenant.handshake());
    assert.equal((await tenant.closed).reason, "HOST_TIMEOUT");
    const seconds = (performance.now() - began) / 1000;
    assert.ok(seconds > 3 && seconds < 8, `it took ${seconds} s`);
    await silent.stop();
  });
});

describe("several people on one screen", function () {
  this.timeout(15_000);
  let world: ProxyWorld;
  let server: FakeVncServer;

  before(async () => {
    server = await startFakeVncServer(honestNone);
    world = await startProxyWorld({});
  });
  after(async () => {
    await world?.stop();
    await server?.stop();
  });

  const join = async (node: string, mode: "control" | "view"): Promise<TenantClient> => {
    const tenant = new TenantClient(world.address(node, await world.authorize(node, { mode })), {
      protocols: PROTOCOLS,
    });
    await tenant.handshake();
    return tenant;
  };

  it("tells a newcomer who is there, and lets him take the machine over", async () => {
    const node = await world.addNode({ port: server.port });
    const first = await join(node, "control");
    const watcher = await join(node, "view");
    const newcomer = await join(node, "control");
    const { type: _type, ...others } = await newcomer.text("others");
    assert.deepEqual(others, { controlling: 1, watching: 1 });
    newcomer.socket.send(JSON.stringify({ type: "take_over" }));
    assert.deepEqual(await first.closed, { code: 1008, reason: "taken_over" });
    assert.deepEqual(await newcomer.text("others"), {
      type: "others",
      controlling: 0,
      watching: 1,
    });
    await watcher.close();
    await newcomer.close();
  });

  it("gives one who was sent away his place back by the same link", async () => {
    const node = await world.addNode({ port: server.port });
    const token = await world.authorize(node);
    const address = world.address(node, token);
    const first = new TenantClient(address, { protocols: PROTOCOLS });
    await first.handshake();
    const other = await join(node, "control");
    other.socket.send(JSON.stringify({ type: "take_over" }));
    assert.equal((await first.closed).reason, "taken_over");
    const again = new TenantClient(address, { protocols: PROTOCOLS });
    await again.handshake();
    await again.close();
    await other.close();
  });

  it("lets one who may only look take over nothing", async () => {
    const node = await world.addNode({ port: server.port });
    const first = await join(node, "control");
    const watcher = await join(node, "view");
    watcher.socket.send(JSON.stringify({ type: "take_over" }));
    watcher.socket.send(JSON.stringify({ type: "keep_open" }));
    const late = await join(node, "view");
    assert.equal((await late.text("others"))["controlling"], 1);
    assert.equal(first.socket.readyState, first.socket.OPEN);
    await Promise.all([first.close(), watcher.close(), late.close()]);
  });

  it("takes over on one machine only", async () => {
    const node = await world.addNode({ port: server.port });
    const elsewhere = await join(await world.addNode({ port: server.port }), "control");
    const one = await join(node, "control");
    const two = await join(node, "control");
    two.socket.send(JSON.stringify({ type: "take_over" }));
    assert.equal((await one.closed).reason, "taken_over");
    assert.equal(elsewhere.socket.readyState, elsewhere.socket.OPEN);
    await Promise.all([two.close(), elsewhere.close()]);
  });
});

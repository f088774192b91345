import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import type { ConsoleSession } from "../../db/database.ts";
import {
  honestNone,
  startFakeVncServer,
  type FakeVncConnection,
  type FakeVncServer,
} from "../fakes/vnc-server.ts";
import { startProxyWorld, type ProxyWorld } from "../helpers/novncproxy-world.ts";
import { keyEvent, pointerEvent, TenantClient, updateRequest } from "../helpers/tenant-client.ts";

/** Waits until the session's row is closed. */
async function closedRow(world: ProxyWorld, id: string): Promise<ConsoleSession> {
  for (let tries = 0; tries < 200; tries += 1) {
    const row = await world.database.sessions.get(id);
    if (row?.closedReason) return row;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error("the session's row was not closed");
}

describe("the life of a console session", function () {
  this.timeout(15_000);
  let server: FakeVncServer;
  let world: ProxyWorld;
  let host: FakeVncConnection;
  let offset = 0;

  before(async () => {
    server = await startFakeVncServer(async (connection) => {
      host = connection;
      await honestNone(connection);
    });
    world = await startProxyWorld({
      clock: { now: () => Date.now() + offset },
      config: {
        "vnc.idle_timeout": "100",
        "vnc.session_timeout": "3000",
        "vnc.timeout_warning": "30",
        "vnc.handshake_timeout": "2",
        "vnc.ping_interval": "500",
        "vnc.session_update_interval": "1",
      },
    });
  });
  after(async () => {
    await world?.stop();
    await server?.stop();
  });
  beforeEach(() => {
    offset = 0;
  });

  interface Running {
    readonly tenant: TenantClient;
    readonly node: string;
    readonly id: string;
  }
  const begin = async (mode: "control" | "view" = "control"): Promise<Running> => {
    const node = await world.addNode({ port: server.port });
    const address = world.address(node, await world.authorize(node, { mode }));
    const tenant = new TenantClient(address, { protocols: ["baremetal-console.v1", "binary"] });
    await tenant.handshake();
    const session = await tenant.text("session");
    return { tenant, node, id: String(session["id"]) };
  };

  it("tells our page what it is and how far it got", async () => {
    const node = await world.addNode({ port: server.port });
    const token = await world.authorize(node, { mode: "view" });
    const tenant = new TenantClient(world.address(node, token), {
      protocols: ["baremetal-console.v1"],
    });
    await tenant.handshake();
    const session = await tenant.text("session");
    const row = await world.database.sessions.get(String(session["id"]));
    assert.equal(row?.nodeUuid, node);
    assert.deepEqual(session["node"], { uuid: node, name: `node-${node.slice(0, 8)}` });
    assert.equal(session["mode"], "view");
    assert.equal(session["idleTimeoutSeconds"], 100);
    assert.equal(session["sessionTimeoutSeconds"], 3000);
    assert.ok(Math.abs(Number(session["tokenExpiresAt"]) - Date.now() - 600_000) < 60_000);
    for (const state of ["connecting", "authenticating", "connected"])
      assert.equal((await tenant.text("state"))["state"], state);
    await tenant.close();
  });

  it("carries bytes both ways and writes how many, and when keys were pressed", async () => {
    const { tenant, id } = await begin();
    tenant.send(keyEvent(0x61, true));
    assert.deepEqual([...(await host.receive(8))], [...keyEvent(0x61, true)]);
    host.send([2], "bell?");
    assert.equal((await tenant.frame()).toString("latin1"), "\x02bell?");
    assert.deepEqual(await tenant.close(), { code: 1000, reason: "tenant_closed" });
    const row = await closedRow(world, id);
    assert.equal(row.closedReason, "tenant_closed");
    assert.equal(row.bytesToHost, 8);
    assert.equal(row.bytesToTenant, 6);
    assert.ok(row.lastInputAt !== null);
  });

  it("writes counters while the session runs", async () => {
    const { tenant, id } = await begin();
    tenant.send(keyEvent(0x61, true));
    const row = async (): Promise<ConsoleSession | undefined> => world.database.sessions.get(id);
    const deadline = Date.now() + 5000;
    while ((await row())?.bytesToHost !== 8) {
      assert.ok(Date.now() < deadline, "the counters were not written");
      await new Promise((resolve) => setImmediate(resolve));
    }
    await tenant.close();
  });

  it("ends within two seconds of a kill, and says why", async () => {
    const { tenant, id } = await begin();
    const asked = Date.now();
    assert.ok(await world.database.sessions.requestKill(id, "killed_by_operator"));
    assert.deepEqual(await tenant.closed, { code: 1008, reason: "killed_by_operator" });
    assert.ok(Date.now() - asked < 2000);
    assert.equal((await closedRow(world, id)).closedReason, "killed_by_operator");
  });

  it("ends all sessions of a node that is disabled, and no others", async () => {
    const one = await begin();
    const other = await begin();
    await world.database.sessions.requestKillForNode(one.node, "console_disabled");
    assert.deepEqual(await one.tenant.closed, { code: 1001, reason: "console_disabled" });
    other.tenant.send(keyEvent(0x62, true));
    assert.equal((await host.receive(8))[0], 4);
    await other.tenant.close();
  });

  it("outlives its token", async () => {
    const { tenant, node } = await begin();
    await world.database.tokens.cleanForNode(node);
    host.send([2]);
    await tenant.frame("a bell after the token was revoked");
    await tenant.close();
  });

  it("drops keys, pointer and clipboard of a session that may only look", async () => {
    const { tenant } = await begin("view");
    const cutText = Buffer.concat([Buffer.from([6, 0, 0, 0, 0, 0, 0, 3]), Buffer.from("abc")]);
    tenant.send(keyEvent(0x61, true), pointerEvent(1, 3, 4), updateRequest(true, 16, 16), cutText);
    assert.deepEqual([...(await host.receive(10))], [...updateRequest(true, 16, 16)]);
    tenant.send(keyEvent(0x61, false));
    tenant.send(updateRequest(false, 2, 2));
    assert.deepEqual([...(await host.receive(10))], [...updateRequest(false, 2, 2)]);
    await tenant.close();
  });

  it("warns before the idle limit, calls it off at a key, and ends at the limit", async () => {
    const { tenant, id } = await begin();
    offset = 80_000;
    const warning = await tenant.text("warning");
    assert.equal(warning["reason"], "idle_timeout");
    assert.ok(Number(warning["secondsLeft"]) <= 20);
    tenant.send(keyEvent(0x61, true));
    await tenant.text("warning_over");
    offset += 75_000;
    await tenant.text("warning");
    tenant.socket.send('{"type":"keep_open"}');
    await tenant.text("warning_over");
    host.send([2]); /* the machine's bytes are no input */
    offset += 101_000;
    assert.deepEqual(await tenant.closed, { code: 1000, reason: "idle_timeout" });
    assert.equal((await closedRow(world, id)).closedReason, "idle_timeout");
  });

  it("ends a session that is too old, however busy, after a warning", async () => {
    const { tenant } = await begin();
    for (offset = 90_000; offset <= 2_970_000; offset += 90_000) {
      tenant.socket.send('{"type":"keep_open"}');
      tenant.send(keyEvent(0x61, true));
      await host.receive(8);
    }
    tenant.send(keyEvent(0x61, true));
    await host.receive(8);
    offset = 2_975_000;
    assert.equal((await tenant.text("warning"))["reason"], "session_limit");
    offset = 3_001_000;
    assert.deepEqual(await tenant.closed, { code: 1000, reason: "session_limit" });
  });

  it("ends when the machine closes", async () => {
    const { tenant, id } = await begin();
    host.send([2]);
    host.close();
    await tenant.frame("the machine's last byte");
    assert.deepEqual(await tenant.closed, { code: 1000, reason: "host_closed" });
    assert.equal((await closedRow(world, id)).closedReason, "host_closed");
  });

  it("takes a reset of the machine for a broken network", async () => {
    const { tenant } = await begin();
    host.reset();
    assert.deepEqual(await tenant.closed, { code: 1000, reason: "network_reset" });
  });

  it("notices a browser that is gone without a word, and lets the machine go", async () => {
    const { tenant, id } = await begin();
    tenant.terminate();
    const row = await closedRow(world, id);
    assert.ok(["tenant_closed", "network_reset"].includes(String(row.closedReason)));
    await assert.rejects(host.receive(1), /the other side left/);
  });

  it("ends with 1002 when the browser breaks the framing", async () => {
    const { tenant } = await begin();
    (tenant.socket as unknown as { _socket: Socket })._socket.write(Buffer.from([0x82, 1, 0]));
    assert.deepEqual(await tenant.closed, { code: 1002, reason: "TENANT_PROTOCOL_ERROR" });
  });

  it("ends with 1002 at a text that is not ours, or in a protocol without texts", async () => {
    const { tenant } = await begin();
    tenant.socket.send("hello");
    assert.equal((await tenant.closed).code, 1002);
    const node = await world.addNode({ port: server.port });
    const stock = new TenantClient(world.address(node, await world.authorize(node)));
    await stock.handshake();
    stock.socket.send('{"type":"keep_open"}');
    assert.equal((await stock.closed).code, 1002);
  });

  it("answers pings of the browser", async () => {
    const { tenant } = await begin();
    tenant.socket.ping("abc");
    const [payload] = (await once(tenant.socket, "pong")) as [Buffer];
    assert.equal(payload.toString(), "abc");
    await tenant.close();
  });
});

describe("a quiet browser", function () {
  this.timeout(15_000);
  let server: FakeVncServer;
  let world: ProxyWorld;
  before(async () => {
    server = await startFakeVncServer(honestNone);
    const start = Date.now();
    world = await startProxyWorld({
      /* forty times as fast, so that a ping is due at every sweep */
      clock: { now: () => start + (Date.now() - start) * 40 },
      config: { "vnc.ping_interval": "30", "vnc.handshake_timeout": "300" },
    });
  });
  after(async () => {
    await world?.stop();
    await server?.stop();
  });

  it("is pinged again and again, and stays as long as it answers", async () => {
    const node = await world.addNode({ port: server.port });
    const tenant = new TenantClient(world.address(node, await world.authorize(node)));
    await tenant.handshake();
    for (let pings = 0; pings < 3; pings += 1) await once(tenant.socket, "ping");
    assert.deepEqual(await tenant.close(), { code: 1000, reason: "tenant_closed" });
  });

  it("is given up when it answers no ping", async () => {
    const node = await world.addNode({ port: server.port });
    const address = world.address(node, await world.authorize(node));
    const tenant = new TenantClient(address, { autoPong: false });
    await tenant.handshake();
    let pings = 0;
    tenant.socket.on("ping", () => (pings += 1));
    assert.deepEqual(await tenant.closed, { code: 1001, reason: "tenant_unresponsive" });
    assert.equal(pings, 2);
  });
});

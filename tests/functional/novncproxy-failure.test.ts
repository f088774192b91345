import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AlreadyInUse, TemporaryFailure } from "../../common/errors.ts";
import { honestNone, startFakeVncServer } from "../fakes/vnc-server.ts";
import { startProxyWorld, type ProxyWorld } from "../helpers/novncproxy-world.ts";
import { keyEvent, TenantClient } from "../helpers/tenant-client.ts";

/** The same object, except for some members. */
function overriding<T extends object>(target: T, members: Partial<T>): T {
  return new Proxy(target, {
    get(original, name) {
      const value: unknown = Reflect.get(Object.hasOwn(members, name) ? members : original, name);
      return typeof value === "function" ? (value.bind(original) as unknown) : value;
    },
  });
}

describe("a console that does not come up", function () {
  this.timeout(15_000);
  let world: ProxyWorld;
  before(async () => {
    world = await startProxyWorld({ config: { "vnc.handshake_timeout": "1" } });
  });
  after(() => world?.stop());

  /** Does what a browser does until it is told the end. @returns the sentence it was told, and the end */
  const attempt = async (
    node: string,
  ): Promise<{ sentence: string; code: number; reason: string }> => {
    const tenant = new TenantClient(world.address(node, await world.authorize(node)));
    await tenant.frame();
    tenant.send("RFB 003.008\n");
    await tenant.frame();
    tenant.send([1]);
    const result = await tenant.frame("SecurityResult");
    assert.equal(result.readUInt32BE(0), 1);
    return { sentence: result.subarray(8).toString(), ...(await tenant.closed) };
  };
  const safe = "unable to connect to the console of this machine";

  it("tells of a closed port", async () => {
    const probe: Server = createServer().listen(0, "127.0.0.1");
    await once(probe, "listening");
    const port = (probe.address() as { port: number }).port;
    probe.close();
    await once(probe, "close");
    const told = await attempt(await world.addNode({ port }));
    assert.deepEqual(told, { sentence: safe, code: 1014, reason: "HOST_UNREACHABLE" });
  });

  it("tells of a socket file that is not there", async () => {
    const transport = { kind: "unix", path: "/nonexistent/vnc.sock" } as const;
    const told = await attempt(await world.addNode({ transport }));
    assert.equal(told.reason, "HOST_UNREACHABLE");
  });

  it("tells of a silent machine when the deadline of its banner passes", async () => {
    const silent = await startFakeVncServer(async () => undefined);
    const told = await attempt(await world.addNode({ port: silent.port }));
    assert.deepEqual(told, { sentence: safe, code: 1014, reason: "HOST_TIMEOUT" });
    await silent.stop();
  });

  it("tells of a machine that hangs up, and of one that is no VNC server", async () => {
    const hangs = await startFakeVncServer(async (connection) => connection.close());
    assert.equal(
      (await attempt(await world.addNode({ port: hangs.port }))).reason,
      "HOST_UNREACHABLE",
    );
    await hangs.stop();
    const web = await startFakeVncServer(async (connection) =>
      connection.send("HTTP/1.1 400 Bad\r\n\r\n"),
    );
    assert.equal(
      (await attempt(await world.addNode({ port: web.port }))).reason,
      "RFB_PROTOCOL_ERROR",
    );
    await web.stop();
  });

  it("gives up a browser that shakes no hands", async () => {
    const server = await startFakeVncServer(honestNone);
    const node = await world.addNode({ port: server.port });
    const tenant = new TenantClient(world.address(node, await world.authorize(node)));
    await tenant.frame();
    assert.deepEqual(await tenant.closed, { code: 1002, reason: "TENANT_PROTOCOL_ERROR" });
    await server.stop();
  });
});

describe("novncproxy at its start and its stop", function () {
  this.timeout(15_000);
  let world: ProxyWorld;
  before(async () => {
    world = await startProxyWorld();
  });
  after(() => world?.stop());

  it("ends what a crashed run left open when it starts, and everything when it stops", async () => {
    const server = await startFakeVncServer(honestNone);
    const node = await world.addNode({ port: server.port });
    const orphan = await world.database.sessions.open({
      token: await world.authorize(node),
      sourceAddress: "192.0.2.1",
      userAgent: null,
      proxyHost: "proxy2",
      maxSessionsPerNode: 10,
    });
    const second = await startProxyWorld({
      database: world.database,
      config: { "DEFAULT.host": "proxy2" },
    });
    assert.equal(
      (await world.database.sessions.get(orphan.session.id))?.closedReason,
      "proxy_crashed",
    );
    const tenant = new TenantClient(second.address(node, await world.authorize(node)));
    await tenant.handshake();
    const [row] = await world.database.sessions.listActive({ proxyHost: "proxy2" });
    const began = Date.now();
    await second.stop();
    assert.ok(Date.now() - began < 3000, "a browser that answers does not hold the stop up");
    assert.deepEqual(await tenant.closed, { code: 1012, reason: "proxy_shutdown" });
    assert.equal((await world.database.sessions.get(row!.id))?.closedReason, "proxy_shutdown");
    await assert.rejects(fetch(second.http("/readyz")));
    await server.stop();
  });

  const openOne = async (node: string, proxyHost: string): Promise<string> => {
    const { session } = await world.database.sessions.open({
      token: await world.authorize(node),
      sourceAddress: "192.0.2.1",
      userAgent: null,
      proxyHost,
      maxSessionsPerNode: 10,
    });
    return session.id;
  };

  it("leaves the rows of a running proxy alone when it is started a second time by mistake", async () => {
    const statePath = mkdtempSync(join(tmpdir(), "bmc-proxy-"));
    const options = { database: world.database, config: { "DEFAULT.host": "twice" }, statePath };
    const running = await startProxyWorld(options);
    try {
      const id = await openOne(await world.addNode({}), "twice");
      const inUse = (error: unknown): boolean =>
        error instanceof AlreadyInUse && error.exitStatus === 69;
      await assert.rejects(startProxyWorld(options), inUse);
      const port = String(running.proxy.port);
      const elsewhere = { ...options.config, "vnc.port": port };
      await assert.rejects(startProxyWorld({ database: world.database, config: elsewhere }), inUse);
      assert.equal((await world.database.sessions.get(id))?.closedReason, null);
      await running.stop();
      const next = await startProxyWorld(options);
      assert.equal((await world.database.sessions.get(id))?.closedReason, "proxy_crashed");
      await next.stop();
    } finally {
      await running.stop();
      rmSync(statePath, { recursive: true });
    }
  });

  it("lets nobody in before the rows of a crashed run are closed", async () => {
    const probe = createServer().listen(0, "127.0.0.1");
    await once(probe, "listening");
    const { port } = probe.address() as { port: number };
    probe.close();
    await once(probe, "close");
    const { database } = world;
    let goOn: () => void = () => undefined;
    const gated = new Promise<void>((resolve) => (goOn = resolve));
    let begun: () => void = () => undefined;
    const closing = new Promise<void>((resolve) => (begun = resolve));
    const closeCrashed = async (): Promise<number> => {
      begun();
      await gated;
      return 0;
    };
    const sessions = overriding(database.sessions, { closeCrashed });
    const starting = startProxyWorld({
      database: overriding(database, { sessions }),
      config: { "vnc.port": String(port), "DEFAULT.host": "gated" },
    });
    await closing;
    const address = `127.0.0.1:${port}`;
    const node = await world.addNode({});
    const query = `node=${node}&token=${await world.authorize(node)}`;
    const tenant = new TenantClient(`ws://${address}/websockify?${query}`);
    assert.equal((await tenant.refused)?.status, 503);
    assert.equal((await fetch(`http://${address}/readyz`)).status, 503);
    goOn();
    const second = await starting;
    assert.equal((await fetch(`http://${address}/readyz`)).status, 200);
    await second.stop();
  });

  it("closes the row of a session whose opening the database did not answer", async () => {
    const { database } = world;
    let lost = "";
    const open: typeof database.sessions.open = async (request) => {
      lost = (await database.sessions.open(request)).session.id;
      throw new TemporaryFailure("the database does not answer");
    };
    const second = await startProxyWorld({
      database: overriding(database, { sessions: overriding(database.sessions, { open }) }),
      config: { "DEFAULT.host": "doubtful", "vnc.session_update_interval": "1" },
    });
    const node = await world.addNode({});
    const tenant = new TenantClient(second.address(node, await world.authorize(node)));
    assert.equal((await tenant.refused)?.status, 503);
    const deadline = Date.now() + 8000;
    while ((await database.sessions.get(lost))?.closedReason === null) {
      assert.ok(Date.now() < deadline, "the row stays open");
      await new Promise((resolve) => setImmediate(resolve));
    }
    await second.stop();
  });

  it("writes counters again that the database did not take", async () => {
    const server = await startFakeVncServer(honestNone);
    const { database } = world;
    let touches = 0;
    let again: () => void = () => undefined;
    const twice = new Promise<void>((resolve) => (again = resolve));
    const touch: typeof database.sessions.touch = async (counters) => {
      touches += 1;
      if (touches === 1) throw new TemporaryFailure("the database does not answer");
      await database.sessions.touch(counters);
      again();
    };
    const second = await startProxyWorld({
      database: overriding(database, { sessions: overriding(database.sessions, { touch }) }),
      config: { "DEFAULT.host": "touching", "vnc.session_update_interval": "1" },
    });
    const node = await second.addNode({ port: server.port });
    const tenant = new TenantClient(second.address(node, await second.authorize(node)));
    await tenant.handshake();
    tenant.send(keyEvent(0x61, true));
    await twice;
    const [row] = await database.sessions.listActive({ proxyHost: "touching" });
    assert.equal(row?.bytesToHost, 8);
    await tenant.close();
    await second.stop();
    await server.stop();
  });

  it("does not wait for ever for a browser that answers nothing when it stops", async () => {
    const server = await startFakeVncServer(honestNone);
    const second = await startProxyWorld({ config: { "DEFAULT.graceful_shutdown_timeout": "1" } });
    const node = await second.addNode({ port: server.port });
    const tenant = new TenantClient(second.address(node, await second.authorize(node)));
    await tenant.handshake();
    (tenant.socket as unknown as { _socket: Socket })._socket.pause();
    const began = Date.now();
    await second.stop();
    assert.ok(Date.now() - began < 3000);
    tenant.terminate();
    await server.stop();
  });
});

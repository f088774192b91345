/** Conductors and proxies about proxies that died, or only seemed to, and about history. */
import assert from "node:assert/strict";
import { ConductorWorld } from "../unit/conductor/conductor-under-test.ts";
import { SettableClock } from "../unit/db/samples.ts";
import { honestNone, startFakeVncServer } from "../fakes/vnc-server.ts";
import { startProxyWorld } from "../helpers/novncproxy-world.ts";
import { TenantClient } from "../helpers/tenant-client.ts";

describe("a proxy that counted as dead", function () {
  this.timeout(15_000);

  it("ends the sessions whose rows were closed, since no kill would reach them, and goes on", async () => {
    const server = await startFakeVncServer(honestNone);
    const world = await startProxyWorld({
      config: { "vnc.session_update_interval": "1", "vnc.max_sessions_per_node": "1" },
    });
    try {
      const { sessions } = world.database;
      const node = await world.addNode({ port: server.port });
      const tenant = new TenantClient(world.address(node, await world.authorize(node)));
      await tenant.handshake();
      const [session] = await sessions.listActive();
      let closed = 0;
      while (closed === 0) {
        const [proxy] = await sessions.listProxies();
        assert.equal(proxy?.host, "proxy1");
        closed = await sessions.closeSilent("proxy1", proxy.beat);
      }
      assert.deepEqual(await tenant.closed, { code: 1012, reason: "proxy_shutdown" });
      assert.equal((await sessions.get(session?.id ?? ""))?.closedReason, "proxy_crashed");
      const again = new TenantClient(world.address(node, await world.authorize(node)));
      await again.handshake();
      again.socket.close();
      await again.closed;
    } finally {
      await world.stop();
      await server.stop();
    }
  });
});

describe("a conductor's jobs about sessions", () => {
  it("close those of a dead proxy and delete those that are old", async () => {
    const clock = new SettableClock();
    const world = await ConductorWorld.create({ clock });
    try {
      const conductor = await world.start({ "vnc.session_retention_days": "2" });
      const { sessions, tokens } = world.database;
      const { uuid } = await world.consoleOn(conductor);
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
        proxyHost: "dead",
        maxSessionsPerNode: 1,
      });
      for (let looks = 0; looks < 5; looks += 1) {
        await conductor.periodics.run("close sessions of dead proxies");
        clock.advance(15);
      }
      assert.equal((await sessions.get(session.id))?.closedReason, "proxy_crashed");
      clock.advance(2 * 86_400 - 60);
      await conductor.periodics.run("delete old sessions");
      assert.notEqual(await sessions.get(session.id), undefined);
      clock.advance(120);
      await conductor.periodics.run("delete old sessions");
      assert.equal(await sessions.get(session.id), undefined);
    } finally {
      await world.stop();
    }
  });
});

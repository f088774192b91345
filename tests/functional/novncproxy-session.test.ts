import assert from "node:assert/strict";
import { startProxyWorld, type ProxyWorld } from "../helpers/novncproxy-world.ts";
import { TenantClient, updateRequest } from "../helpers/tenant-client.ts";
import { missingForVncServer, startVncServer, type VncServer } from "../helpers/vnc-servers.ts";

describe("a console session on a real Xvnc with a password", function () {
  this.timeout(20_000);
  let server: VncServer;
  let world: ProxyWorld;

  before(async function () {
    const missing = missingForVncServer("xvnc-vncauth");
    if (missing.length > 0) this.skip();
    /* TigerVNC's default, and what RFC 6143 section 7.3.1 wants: who does not share is left alone. */
    const extraArgs = ["-AlwaysShared=0"];
    server = await startVncServer({ kind: "xvnc-vncauth", password: "sesame12", extraArgs });
    world = await startProxyWorld();
  });
  after(async () => {
    await world?.stop();
    await server?.stop();
  });

  const open = async (password = "sesame12"): Promise<TenantClient> => {
    const node = await world.addNode({ port: server.port, password });
    return new TenantClient(world.address(node, await world.authorize(node)));
  };

  it("shows the machine's screen to a browser that never sees the password", async () => {
    const tenant = await open();
    const serverInit = await tenant.handshake();
    assert.equal(serverInit.readUInt16BE(0), 640);
    assert.equal(serverInit.readUInt16BE(2), 480);
    assert.equal(serverInit.length, 24 + serverInit.readUInt32BE(20), "ServerInit is one frame");
    tenant.send(updateRequest(false, 640, 480));
    await tenant.until("a full screen of raw pixels", () => tenant.binaryBytes > 640 * 480 * 4);
    assert.equal((await tenant.frame())[0], 0, "a FramebufferUpdate begins");
    await tenant.close();
  });

  it("throws no other viewer off the machine, even when the browser asks for that", async () => {
    const first = await open();
    await first.handshake();
    const second = await open();
    await second.handshake(0);
    for (const tenant of [first, second]) {
      tenant.send(updateRequest(false, 8, 8));
      assert.equal((await tenant.frame("FramebufferUpdate"))[0], 0);
    }
    await first.close();
    await second.close();
  });

  it("tells the browser a safe sentence when the machine refuses the password", async () => {
    const tenant = await open("wrong");
    assert.equal((await tenant.frame()).toString(), "RFB 003.008\n");
    tenant.send("RFB 003.008\n");
    await tenant.frame();
    tenant.send([1]);
    const result = await tenant.frame("SecurityResult");
    assert.equal(result.readUInt32BE(0), 1);
    assert.equal(result.subarray(8).toString(), "unable to connect to the console of this machine");
    assert.deepEqual(await tenant.closed, { code: 1014, reason: "RFB_AUTH_HANDSHAKE_FAILED" });
  });
});

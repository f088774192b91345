/** Tenants at consoles that are inside a BMC's WebSocket: novncproxy, a simulated OpenBMC, a real Xvnc behind it. */
import assert from "node:assert/strict";
import { SerialFarSide } from "../fakes/serial-far-side.ts";
import { startProxyWorld, type ConsoleSpec, type ProxyWorld } from "../helpers/novncproxy-world.ts";
import { OpenBmc } from "../helpers/openbmc/openbmc.ts";
import { viewerOf, type SerialClient } from "../helpers/serial-world.ts";
import { keyEvent, TenantClient, updateRequest } from "../helpers/tenant-client.ts";
import { until } from "../helpers/until.ts";
import { missingForVncServer, startVncServer, type VncServer } from "../helpers/vnc-servers.ts";
import { X11Window } from "../browser/x11-window.ts";

describe("novncproxy before an OpenBMC", () => {
  let xvnc: VncServer;
  let screen: X11Window;
  let line: SerialFarSide;
  let bmc: OpenBmc;
  let world: ProxyWorld;
  const clients: { terminate(): void }[] = [];

  before(async function () {
    this.timeout(30_000);
    if (missingForVncServer("xvnc-none").length > 0) this.skip();
    xvnc = await startVncServer({ kind: "xvnc-none" });
    screen = await X11Window.open(xvnc.display ?? "", 0x30_60_90);
    line = await SerialFarSide.start({ ipmitool: false, echo: true });
  });
  after(async () => {
    screen?.close();
    await line?.stop();
    await xvnc?.stop();
  });
  beforeEach(async () => {
    world = await startProxyWorld();
    assert.ok(line.transport.kind === "unix");
    bmc = await OpenBmc.start({
      rfb: { host: xvnc.host, port: xvnc.port },
      serial: { path: line.transport.path },
    });
    screen.pressed.length = 0;
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.terminate();
    await world?.stop();
    await bmc?.stop();
  });

  function specOf(path: string, more: Partial<ConsoleSpec> = {}): ConsoleSpec {
    return {
      transport: {
        kind: "websocket",
        host: "127.0.0.1",
        port: bmc.port,
        path,
        authentication: "session",
        maxMessageBytes: 1024,
      },
      tls: bmc.tls,
      username: "root",
      password: bmc.accounts.password,
      ...more,
    };
  }

  async function view(more: Partial<ConsoleSpec> = {}): Promise<TenantClient> {
    const node = await world.addNode(specOf("/kvm/0", { allowedSecurityTypes: ["None"], ...more }));
    const client = new TenantClient(world.address(node, await world.authorize(node)), {
      protocols: ["baremetal-console.v1"],
    });
    clients.push(client);
    return client;
  }

  it("shows the screen and types on the machine, in a BMC session that ends with the connection", async () => {
    const client = await view();
    const init = await client.handshake();
    assert.deepEqual([init.readUInt16BE(0), init.readUInt16BE(2)], [640, 480]);
    client.send(updateRequest(false, 640, 480));
    await client.until("a picture", () => client.binaryBytes > 640 * 480 * 3);
    for (const key of "hello") client.send(keyEvent(key.charCodeAt(0), true));
    await until(() => screen.pressed.length === 5, "five keys");
    assert.equal(String.fromCharCode(...screen.pressed), "hello");
    assert.equal(bmc.accounts.sessions, 1);
    await client.close();
    await until(() => bmc.accounts.sessions === 0, "the end of the BMC's session");
    await until(() => bmc.consoles.size === 0, "a free seat");
  });

  it("splits a long burst of input into what the BMC takes", async () => {
    const client = await view();
    await client.handshake();
    const keys = Array.from({ length: 4000 }, (_none, index) =>
      keyEvent(0x61 + (index % 26), true),
    );
    client.send(...keys, keyEvent(0x31, true));
    await until(() => screen.pressed.includes(0x31), "the last key", 20_000);
    assert.equal(bmc.consoles.overruns, 0);
    assert.ok(bmc.consoles.longestMessage <= 1024);
  }).timeout(30_000);

  it("ends the session when the machine is switched off or the BMC is reset", async () => {
    for (const fault of [() => bmc.consoles.loseBackends(), () => bmc.consoles.drop()]) {
      const client = await view();
      await client.handshake();
      fault();
      assert.ok([1000, 1011, 1012, 1014].includes((await client.closed).code));
      await until(() => bmc.accounts.sessions === 0, "the end of the BMC's session");
    }
  });

  it("tells the tenant that signing in failed or the machine proved nothing, and no more", async () => {
    const refusals: [Partial<ConsoleSpec>, RegExp][] = [
      [{ password: "outdated" }, /RFB_AUTH_HANDSHAKE_FAILED/],
      [{ username: "operator" }, /RFB_AUTH_HANDSHAKE_FAILED/],
      [{ tls: { ...bmc.tls, fingerprint: "0".repeat(64) } }, /HOST_CERTIFICATE_INVALID/],
    ];
    for (const [more, pattern] of refusals) {
      const client = await view(more);
      await client.frame("ProtocolVersion");
      client.send("RFB 003.008\n");
      await client.frame("security types");
      client.send([1]);
      const { code, reason } = await client.closed;
      assert.equal(code, 1014, reason);
      assert.match(reason, pattern);
      assert.doesNotMatch(reason, /operator|outdated|kvm|127/);
    }
    assert.equal(bmc.accounts.sessions, 0);
  });

  it("ends the BMC's sessions when the proxy stops", async () => {
    const client = await view();
    await client.handshake();
    const watching = await watch();
    assert.equal(bmc.accounts.sessions, 2);
    await world.proxy.stop();
    assert.equal(bmc.accounts.sessions, 0);
    await watching.closed;
    world = await startProxyWorld();
  });

  async function watch(): Promise<SerialClient> {
    const node = await world.addNode(
      specOf("/console0", { serial: { dialect: "raw", hold: "on-demand" } }),
    );
    const client = await viewerOf(world, node);
    clients.push(client);
    await client.line("connected");
    return client;
  }

  it("carries the serial line, and pastes without loss", async () => {
    const client = await watch();
    const pasted = Array.from({ length: 700 }, (_none, index) => `line ${index} of the paste\r`);
    const text = pasted.join("");
    client.socket.send(Buffer.from(text));
    await until(() => client.shown.length >= text.length, "the whole paste", 20_000);
    assert.equal(client.shown, text);
    assert.ok(bmc.consoles.longestMessage <= 1024);
  }).timeout(30_000);

  it("keeps the viewers of a serial line while the BMC restarts, and leaves no session behind", async () => {
    const client = await watch();
    await bmc.goDown();
    await client.line("reconnecting");
    client.texts.length = 0;
    await bmc.comeBack();
    await client.line("connected");
    client.socket.send(Buffer.from("still here"));
    await client.shows("still here");
    await until(() => bmc.accounts.sessions === 1, "the end of the session before");
    assert.equal(bmc.accounts.opened, 2);
  }).timeout(30_000);
});

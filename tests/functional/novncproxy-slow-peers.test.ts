/** Peers that are slow or crowded, but not dead. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import * as sinon from "sinon";
import { HostConnection } from "../../novncproxy/host-connection.ts";
import { serverInit } from "../fakes/vnc-server.ts";
import { freshDatabase } from "../helpers/database.ts";
import { startProxyWorld, type ProxyWorld } from "../helpers/novncproxy-world.ts";
import { keyEvent, TenantClient } from "../helpers/tenant-client.ts";

const MIB = 1024 * 1024;

describe("a console session with a slow peer", function () {
  this.timeout(20_000);
  let world: ProxyWorld;
  let server: Server;
  let machine: Socket | undefined;
  let offset = 0;
  let onTimeRead: () => void = () => undefined;

  before(async () => {
    server = createServer((socket) => {
      machine?.destroy();
      machine = socket;
      socket.on("error", () => undefined);
      socket.write("RFB 003.008\n\x01\x01\0\0\0\0");
      socket.write(serverInit("slow"));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const now = (): number => {
      onTimeRead();
      return Date.now() + offset;
    };
    world = await startProxyWorld({
      clock: { now },
      database: await freshDatabase(),
      config: {
        "vnc.idle_timeout": "1000",
        "vnc.timeout_warning": "300",
        "vnc.session_timeout": "0",
        "vnc.ping_interval": "0",
      },
    });
  });
  after(async () => {
    sinon.restore();
    await world?.stop();
    machine?.destroy();
    server?.close();
    await once(server, "close");
  });
  beforeEach(() => {
    offset = 0;
  });

  const begin = async (): Promise<{ tenant: TenantClient; raw: Socket }> => {
    const node = await world.addNode({ port: (server.address() as AddressInfo).port });
    const address = world.address(node, await world.authorize(node));
    const tenant = new TenantClient(address, { protocols: ["baremetal-console.v1"] });
    await tenant.handshake();
    return { tenant, raw: (tenant.socket as unknown as { _socket: Socket })._socket };
  };
  /** Lets the time pass and the proxy look at it twice: nothing else reads a held session's clock. */
  const pass = async (milliseconds: number): Promise<void> => {
    offset += milliseconds;
    for (let looks = 0; looks < 3; looks += 1)
      await new Promise<void>((resolve) => (onTimeRead = resolve));
  };

  it("goes on for as long as the machine takes a little input, and ends when it takes none", async () => {
    const { tenant, raw } = await begin();
    machine!.pause();
    const events = Buffer.concat(Array.from({ length: 4096 }, () => keyEvent(0x61, true)));
    for (let sent = 0; raw.writableLength < 2 * MIB; sent += events.length) {
      tenant.send(events);
      await new Promise((resolve) => setImmediate(resolve));
      assert.ok(sent < 256 * MIB, "the browser was never held");
    }
    let untaken = 300_000;
    sinon.stub(HostConnection.prototype, "untakenBytes").get(() => untaken);
    for (let minute = 0; minute < 3; minute += 1) {
      untaken -= 1;
      await pass(50_000);
      assert.equal(tenant.socket.readyState, tenant.socket.OPEN);
    }
    await pass(61_000);
    raw.resume();
    assert.equal((await tenant.closed).reason, "HOST_TIMEOUT");
  });

  it("warns as soon as there is room when the browser was too far behind for the first warning", async () => {
    const { tenant, raw } = await begin();
    raw.pause();
    machine!.resume();
    const block = Buffer.alloc(MIB);
    let last = -1;
    for (let still = 0; still < 3000;) {
      if (machine!.writableLength < MIB) machine!.write(block);
      await new Promise((resolve) => setImmediate(resolve));
      const taken = machine!.bytesWritten - machine!.writableLength;
      still = taken === last ? still + 1 : 0;
      last = taken;
    }
    await pass(800_000);
    assert.deepEqual(
      tenant.texts.filter(({ type }) => type === "warning"),
      [],
    );
    tenant.countOnly();
    raw.resume();
    const warning = await tenant.text("warning");
    assert.equal(warning["reason"], "idle_timeout");
    const left = Number(warning["secondsLeft"]);
    assert.ok(left > 180 && left <= 200, String(left));
    tenant.terminate();
  });
});

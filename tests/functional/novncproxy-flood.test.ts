import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { startProxyWorld, type ProxyWorld } from "../helpers/novncproxy-world.ts";
import { keyEvent, TenantClient } from "../helpers/tenant-client.ts";
import { serverInit } from "../fakes/vnc-server.ts";

const MIB = 1024 * 1024;

/** A VNC server on a bare socket: shakes hands without waiting for answers, then hands the socket over. */
async function startBareServer(
  onReady: (socket: Socket) => void,
): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    let received = 0;
    const onData = (chunk: Buffer): void => {
      received += chunk.length;
      if (received < 14) return;
      socket.off("data", onData);
      socket.write(serverInit("bare"));
      onReady(socket);
    };
    socket.on("data", onData);
    socket.write("RFB 003.008\n\x01\x01\0\0\0\0");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, port: (server.address() as AddressInfo).port };
}

/** Writes blocks for as long as the socket takes them. @returns how to read the total and to stop */
function flood(socket: Socket, block: Buffer): { readonly total: () => number } {
  let total = 0;
  const pump = (): void => {
    while (!socket.destroyed) {
      total += block.length;
      if (!socket.write(block)) break;
    }
  };
  socket.on("drain", pump);
  pump();
  return { total: () => total };
}

/** Resolves when it is closed, however; a reset is no failure here. */
function gone(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once("close", () => resolve());
  });
}

describe("a console session under load", function () {
  this.timeout(20_000);
  let world: ProxyWorld;
  const servers: Server[] = [];
  before(async () => {
    world = await startProxyWorld();
  });
  after(async () => {
    await world?.stop();
    for (const server of servers) server.close();
  });

  const begin = async (onReady: (socket: Socket) => void): Promise<TenantClient> => {
    const { server, port } = await startBareServer(onReady);
    servers.push(server);
    const node = await world.addNode({ port });
    const tenant = new TenantClient(world.address(node, await world.authorize(node)));
    await tenant.handshake();
    return tenant;
  };

  it("brings every byte of a large transfer in order, whatever the sizes of the writes", async () => {
    const sent = createHash("sha256");
    const sizes = [1, 7, 4096, 16_384, 16_385, 70_000, 262_144, 300_000];
    let total = 0;
    const tenant = await begin((socket) => {
      for (let round = 0; round < 24; round += 1) {
        const block = Buffer.alloc(sizes[round % sizes.length]!, round + 1);
        sent.update(block);
        total += block.length;
        socket.write(block);
      }
    });
    const received = createHash("sha256");
    let bytes = 0;
    while (bytes < total) {
      const frame = await tenant.frame();
      received.update(frame);
      bytes += frame.length;
    }
    assert.equal(received.digest("hex"), sent.digest("hex"));
    await tenant.close();
  });

  it("brings a large paste to the machine in order", async () => {
    const paste = Buffer.alloc(MIB / 2);
    for (let at = 0; at < paste.length; at += 1) paste[at] = (at * 31) >>> 3;
    const message = Buffer.concat([Buffer.from([6, 0, 0, 0, 0, 8, 0, 0]), paste]);
    const received: Buffer[] = [];
    let machine: Socket | undefined;
    const tenant = await begin((socket) => {
      machine = socket;
      socket.on("data", (chunk: Buffer) => received.push(chunk));
    });
    for (let at = 0; at < message.length; at += 50_000)
      tenant.send(message.subarray(at, at + 50_000));
    while (Buffer.concat(received).length < message.length) await once(machine!, "data");
    assert.ok(Buffer.concat(received).equals(message));
  });

  it("keeps its memory small when a machine floods a browser that does not read", async () => {
    let flooded: { readonly total: () => number } | undefined;
    let machine: Socket | undefined;
    const tenant = await begin((socket) => {
      machine = socket;
      flooded = flood(socket, Buffer.alloc(MIB));
    });
    const raw = (tenant.socket as unknown as { _socket: Socket })._socket;
    raw.pause();
    const before = process.memoryUsage();
    /* until nothing moves any more: the kernel's buffers of both connections are full */
    let last = -1;
    let still = 0;
    while (still < 3000) {
      await new Promise((resolve) => setImmediate(resolve));
      const taken = machine!.bytesWritten - machine!.writableLength;
      still = taken === last ? still + 1 : 0;
      last = taken;
    }
    const { external, heapUsed } = process.memoryUsage();
    const grown = external + heapUsed - before.external - before.heapUsed;
    assert.ok(grown < 16 * MIB, `memory grew by ${Math.round(grown / MIB)} MiB`);
    assert.ok(flooded!.total() < 64 * MIB, "the machine is held back");
    raw.resume();
    tenant.countOnly();
    const stopped = tenant.binaryBytes;
    await tenant.until("the flood goes on", () => tenant.binaryBytes > stopped + 32 * MIB);
    tenant.terminate();
    await gone(machine!);
  });

  it("holds a browser that sends faster than the machine reads, and loses nothing", async () => {
    let machine: Socket | undefined;
    const tenant = await begin((socket) => {
      machine = socket;
      socket.pause();
    });
    const events = Buffer.concat(Array.from({ length: 4096 }, () => keyEvent(0x61, true)));
    const raw = (tenant.socket as unknown as { _socket: Socket })._socket;
    let sent = 0;
    while (raw.writableLength < 2 * MIB) {
      tenant.send(events);
      sent += events.length;
      await new Promise((resolve) => setImmediate(resolve));
      assert.ok(sent < 256 * MIB, "the browser was never held");
    }
    let received = 0;
    machine!.on("data", (chunk: Buffer) => (received += chunk.length));
    machine!.resume();
    await tenant.until("everything arrived", () => {
      machine!.once("data", () => tenant.socket.emit("message", Buffer.alloc(0), true));
      return received === sent;
    });
    await tenant.close();
  });

  it("ends both sides at once when a held browser is killed", async () => {
    let machine: Socket | undefined;
    const tenant = await begin((socket) => {
      machine = socket;
      flood(socket, Buffer.alloc(MIB));
    });
    (tenant.socket as unknown as { _socket: Socket })._socket.pause();
    const [row] = await world.database.sessions
      .listActive()
      .then((rows) => rows.sort((one, other) => other.openedAt - one.openedAt));
    await world.database.sessions.requestKill(row!.id, "killed_by_operator");
    await gone(machine!);
    (tenant.socket as unknown as { _socket: Socket })._socket.resume();
    tenant.countOnly();
    await tenant.closed;
    assert.equal((await world.database.sessions.get(row!.id))?.closedReason, "killed_by_operator");
  });

  it("answers a typist while another session floods", async () => {
    const flooding = await begin((socket) => flood(socket, Buffer.alloc(MIB)));
    flooding.countOnly();
    const typist = await begin((socket) => socket.on("data", (keys: Buffer) => socket.write(keys)));
    for (let key = 0; key < 50; key += 1) {
      const before = flooding.binaryBytes;
      typist.send(keyEvent(0x61 + (key % 26), true));
      await typist.frame("the echo of a key");
      /* libuv would read 8 MiB of the flood in a row; the budget is 256 KiB a turn */
      assert.ok(flooding.binaryBytes - before < 64 * MIB);
    }
    flooding.terminate();
    await typist.close();
  });
});

/** The gate's SOCKS5 and its list, byte by byte, with a destination that is a stream of ours. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { connect, createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { silentLogger } from "../../../../../common/log.ts";
import { createGate } from "../../../../../drivers/browser/gate/create-gate.ts";
import { createGateIdentity } from "../../../../../drivers/browser/gate/identity.ts";
import { keyOf } from "../../../../../drivers/browser/gate/destinations.ts";
import type { Gate } from "../../../../../drivers/browser/gate/gate.ts";
import { dialTcp } from "../../../../../drivers/browser/providers/dial-tcp.ts";
import type { Destination } from "../../../../../drivers/browser/providers/provider.ts";
import { until } from "../../../../helpers/until.ts";

const GREETING = Buffer.from([5, 1, 0]);

function requestFor(host: string, port: number): Buffer {
  const name = Buffer.from(host);
  return Buffer.from([5, 1, 0, 3, name.length, ...name, port >> 8, port & 255]);
}

describe("the gate", () => {
  let gate: Gate;
  let way: Server;
  let echo: Server;
  let dialed: Destination[];
  const open: Socket[] = [];

  beforeEach(async () => {
    dialed = [];
    echo = createServer({ allowHalfOpen: true }, (socket) => {
      open.push(socket);
      socket.on("error", () => undefined).pipe(socket);
    }).listen(0, "127.0.0.1");
    await once(echo, "listening");
    gate = createGate({
      identity: await createGateIdentity(),
      log: silentLogger(),
      dial: async (destination, signal) => {
        dialed.push(destination);
        return await dialTcp({ host: "127.0.0.1", port: portOf(echo) }, signal);
      },
    });
    gate.allow([{ host: "bmc.test", port: 5900, tls: null }]);
    way = createServer({ allowHalfOpen: true }, (socket) => gate.accept(socket));
    way.listen(0, "127.0.0.1");
    await once(way, "listening");
  });
  afterEach(async () => {
    gate.end();
    for (const socket of open.splice(0)) socket.destroy();
    for (const server of [way, echo]) {
      server.close();
      await once(server, "close");
    }
  });

  const portOf = (server: Server): number => (server.address() as { port: number }).port;

  async function browser(): Promise<Socket> {
    const socket = connect({ port: portOf(way), host: "127.0.0.1", allowHalfOpen: true });
    open.push(socket.on("error", () => undefined));
    await once(socket, "connect");
    return socket;
  }

  async function all(socket: Socket): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  }

  it("connects to a destination of its list, whatever its case, and carries bytes both ways", async () => {
    const socket = await browser();
    const sent = randomBytes(3_000_000);
    socket.write(Buffer.concat([GREETING, requestFor("BMC.Test", 5900)]));
    socket.end(sent);
    const got = await all(socket);
    assert.deepEqual([...got.subarray(0, 4)], [5, 0, 5, 0]);
    assert.ok(got.subarray(12).equals(sent), "what came back");
    assert.deepEqual(dialed.map(keyOf), ["bmc.test:5900"]);
  });

  it("takes a handshake that comes in single bytes", async () => {
    const socket = await browser();
    socket.setNoDelay();
    for (const byte of Buffer.concat([GREETING, requestFor("bmc.test", 5900)]))
      socket.write(Uint8Array.of(byte));
    socket.end("x");
    assert.equal((await all(socket)).subarray(12).toString(), "x");
  });

  for (const [what, host, port] of [
    ["another host", "other.test", 5900],
    ["another port", "bmc.test", 5901],
    ["an address that the name may have", "127.0.0.1", 5900],
    ["a name that only begins alike", "bmc.test.evil.test", 5900],
  ] as const)
    it(`refuses ${what} without connecting or resolving anything`, async () => {
      const socket = await browser();
      socket.write(Buffer.concat([GREETING, requestFor(host, port)]));
      assert.deepEqual([...(await all(socket))].slice(0, 4), [5, 0, 5, 2]);
      assert.deepEqual(dialed, []);
      assert.deepEqual(gate.refused, [`${host}:${port}`]);
    });

  for (const [what, bytes, answer] of [
    ["SOCKS4", [4, 1, 0, 80, 127, 0, 0, 1, 0], []],
    ["HTTP", [...Buffer.from("GET / HTTP/1.1\r\n\r\n")], []],
    ["no method in common", [5, 1, 2], [5, 255]],
    ["BIND", [5, 1, 0, 5, 2, 0, 1, 127, 0, 0, 1, 0, 80], [5, 0, 5, 7]],
    ["UDP", [5, 1, 0, 5, 3, 0, 1, 127, 0, 0, 1, 0, 80], [5, 0, 5, 7]],
    ["an unknown kind of address", [5, 1, 0, 5, 1, 0, 9, 0, 0], [5, 0, 5, 8]],
    ["a name with control characters", [5, 1, 0, 5, 1, 0, 3, 2, 10, 65, 0, 80], [5, 0, 5, 8]],
    ["an empty name", [5, 1, 0, 5, 1, 0, 3, 0, 0, 80], [5, 0, 5, 8]],
  ] as const)
    it(`ends a connection that speaks ${what}`, async () => {
      const socket = await browser();
      socket.write(Uint8Array.from(bytes));
      assert.deepEqual([...(await all(socket))].slice(0, 4), answer);
      assert.deepEqual(dialed, []);
    });

  it("survives random bytes", async () => {
    await Promise.all(
      Array.from({ length: 40 }, async () => {
        const socket = await browser();
        socket.end(Buffer.concat([Buffer.from([5]), randomBytes(200)]));
        await all(socket);
      }),
    );
    assert.deepEqual(dialed, []);
  });

  it("ends connections to what is not allowed any more, and keeps the others out", async () => {
    const socket = await browser();
    socket.write(Buffer.concat([GREETING, requestFor("bmc.test", 5900)]));
    await once(socket, "data");
    gate.allow([]);
    await once(socket.resume(), "end");
    const next = await browser();
    next.write(Buffer.concat([GREETING, requestFor("bmc.test", 5900)]));
    assert.equal((await all(next))[3], 2);
  });

  it("has at most 64 connections at a time", async () => {
    const sockets = await Promise.all(Array.from({ length: 65 }, () => browser()));
    let closed = 0;
    for (const socket of sockets) socket.resume().once("end", () => (closed += 1));
    await until(() => closed === 1, "end of the one too many");
    gate.end();
    await until(() => closed === 65, "end of all");
  });

  it("says what is wrong with a destination that cannot be reached", async () => {
    const closed = createServer().listen(0, "127.0.0.1");
    await once(closed, "listening");
    const port = portOf(closed);
    closed.close();
    await once(closed, "close");
    const other = createGate({
      identity: await createGateIdentity(),
      log: silentLogger(),
      dial: (destination, signal) => dialTcp(destination, signal),
    });
    other.allow([{ host: "127.0.0.1", port, tls: null }]);
    way.removeAllListeners("connection").on("connection", (socket: Socket) => other.accept(socket));
    const socket = await browser();
    socket.write(Buffer.concat([GREETING, requestFor("127.0.0.1", port)]));
    assert.equal((await all(socket))[3], 4);
    await until(() => other.lastFailure !== undefined, "failure");
    assert.match(String(other.lastFailure?.message), /connection refused/);
    other.end();
  });
});

describe("destinations", () => {
  it("are the same in every spelling of an address or name", () => {
    const key = keyOf({ host: "2001:db8::1", port: 443 });
    assert.equal(keyOf({ host: "2001:DB8:0:0:0:0:0:1", port: 443 }), key);
    assert.equal(
      keyOf({ host: "BMC.Example.ORG.", port: 1 }),
      keyOf({ host: "bmc.example.org", port: 1 }),
    );
    assert.notEqual(
      keyOf({ host: "::ffff:127.0.0.1", port: 1 }),
      keyOf({ host: "127.0.0.1", port: 1 }),
    );
  });
});

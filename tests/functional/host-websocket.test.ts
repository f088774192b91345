/** The WebSocket toward a machine, before a simulated OpenBMC and before things that only look like one. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { CaFiles } from "../../common/ca-files.ts";
import {
  HostCertificateInvalid,
  HostError,
  HostTimeout,
  HostUnreachable,
} from "../../common/errors.ts";
import { BmcSessions } from "../../common/host-websocket/bmc-sessions.ts";
import {
  HostWebSocket,
  type HostWebSocketTarget,
} from "../../common/host-websocket/host-websocket.ts";
import {
  HostHttpRefused,
  HostLoginRefused,
  HostWebSocketClosed,
} from "../../common/host-websocket/refusals.ts";
import { Secret } from "../../common/secret.ts";
import { acceptance } from "../../novncproxy/ws-handshake.ts";
import { SerialFarSide } from "../fakes/serial-far-side.ts";
import { OpenBmc } from "../helpers/openbmc/openbmc.ts";
import { startSilentServer } from "../helpers/silent-server.ts";
import { until } from "../helpers/until.ts";

interface Opened {
  readonly socket: HostWebSocket;
  readonly received: () => Buffer;
  readonly receivedBytes: () => number;
  /** The error it ended with. */
  readonly failure: Promise<Error>;
}

describe("HostWebSocket", () => {
  let line: SerialFarSide;
  let bmc: OpenBmc;
  let sessions: BmcSessions;
  const opened: HostWebSocket[] = [];

  before(async () => {
    line = await SerialFarSide.start({ ipmitool: false, echo: true });
    assert.ok(line.transport.kind === "unix");
    const place = { path: line.transport.path };
    bmc = await OpenBmc.start({ rfb: place, serial: place });
  });
  after(async () => {
    await bmc?.stop();
    await line?.stop();
  });
  beforeEach(() => (sessions = new BmcSessions()));
  afterEach(async () => {
    for (const socket of opened.splice(0)) socket.destroy();
    await sessions.settle();
    await until(() => bmc.consoles.size === 0, "free seats");
    assert.equal(bmc.accounts.sessions, 0);
  });

  function open(
    target: Partial<HostWebSocketTarget> = {},
    transport: Partial<HostWebSocketTarget["transport"]> = {},
    options: { readonly silenceMilliseconds?: number; readonly stepMilliseconds?: number } = {},
  ): Opened {
    const chunks: Buffer[] = [];
    const socket = new HostWebSocket(
      {
        tls: bmc.tls,
        username: "root",
        password: () => new Secret(bmc.accounts.password),
        ...target,
        transport: {
          kind: "websocket",
          host: "127.0.0.1",
          port: bmc.port,
          path: "/kvm/0",
          authentication: "session",
          maxMessageBytes: 1024,
          ...transport,
        },
      },
      { stepMilliseconds: 3000, caFiles: new CaFiles(), sessions, ...options },
    );
    opened.push(socket);
    const failure = new Promise<Error>((resolve) => socket.on("error", resolve));
    let bytes = 0;
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
    });
    return {
      socket,
      received: () => Buffer.concat(chunks),
      receivedBytes: () => bytes,
      failure,
    };
  }

  it("carries bytes both ways with a session of its own, and ends the session", async () => {
    const { socket, received } = open();
    await once(socket, "connect");
    assert.equal(bmc.accounts.sessions, 1);
    socket.write("hello");
    await until(() => received().toString() === "hello", "echo");
    socket.destroy();
    await sessions.settle();
    assert.equal(bmc.accounts.sessions, 0);
  });

  it("carries them with basic authentication and no session", async () => {
    const before = bmc.accounts.opened;
    const { socket, received } = open({}, { authentication: "basic", path: "/console0" });
    socket.write("early");
    await until(() => received().toString() === "early", "echo");
    assert.equal(bmc.accounts.opened, before);
  });

  it("never sends more than the BMC has room for", async () => {
    const pasted = randomBytes(200_000);
    const { socket, received } = open();
    let taken = false;
    socket.write(pasted, () => (taken = true));
    await until(() => received().length === pasted.length, "200 000 bytes back", 20_000);
    assert.ok(taken);
    assert.deepEqual(received(), pasted);
    assert.equal(bmc.consoles.overruns, 0);
    assert.ok(bmc.consoles.longestMessage <= 1024);
  }).timeout(30_000);

  it("stops reading while nobody takes the bytes, and goes on afterwards", async () => {
    const { socket, received, receivedBytes } = open();
    await once(socket, "connect");
    await until(() => line.connected === 1, "the line");
    socket.pause();
    const size = 48 * 1024 * 1024;
    const piece = randomBytes(1024 * 1024);
    for (let sent = 0; sent < size; sent += piece.length) line.say(piece);
    await until(() => socket.readableLength >= 64 * 1024, "a full buffer");
    assert.ok(socket.readableLength < 1024 * 1024, String(socket.readableLength));
    socket.resume();
    await until(
      () => receivedBytes() === size,
      () => `everything, but ${receivedBytes()}`,
      20_000,
    );
    assert.deepEqual(received().subarray(-piece.length), piece);
  }).timeout(30_000);

  it("says what the BMC answers", async () => {
    const refusals: [Partial<HostWebSocketTarget>, string, number][] = [
      [{ password: () => new Secret("wrong") }, "/kvm/0", 401],
      [{ username: "operator" }, "/kvm/0", 403],
      [{}, "/kvm/7", 404],
    ];
    for (const [target, path, status] of refusals)
      for (const authentication of ["basic", "session"] as const) {
        const error = await open(target, { path, authentication }).failure;
        assert.ok(error instanceof (status === 404 ? HostHttpRefused : HostLoginRefused));
        assert.equal(error.httpStatus, status);
        assert.ok(!error.message.includes("wrong"));
      }
  });

  it("passes on the words with which a seat is refused", async () => {
    for (let seat = 0; seat < 4; seat += 1) await once(open().socket, "connect");
    await until(() => bmc.consoles.size === 4, "four seats");
    const error = await open().failure;
    assert.ok(error instanceof HostWebSocketClosed);
    assert.equal(error.closeReason, "Max sessions are already connected");
  });

  it("ends in order when the machine is switched off, and with an error when the BMC is reset", async () => {
    const ending = open();
    await once(ending.socket, "connect");
    ending.socket.write("x");
    await until(() => ending.received().length === 1, "echo");
    bmc.consoles.loseBackends();
    await once(ending.socket, "end");
    const broken = open();
    await once(broken.socket, "connect");
    bmc.consoles.drop();
    await Promise.race([once(broken.socket, "end"), broken.failure]);
  });

  it("notices a BMC that hangs", async () => {
    const { socket, failure } = open({}, {}, { silenceMilliseconds: 100 });
    await once(socket, "connect");
    socket.write("x");
    bmc.consoles.freeze();
    assert.ok((await failure) instanceof HostTimeout);
    bmc.consoles.drop();
  });

  it("ends a session that the BMC makes after nobody wants it any more", async () => {
    let answer = (): void => undefined;
    bmc.beforeLogin = () => new Promise((resolve) => (answer = resolve));
    const before = bmc.accounts.opened;
    const asked = bmc.asked.length;
    const { socket } = open();
    await until(() => bmc.asked.length > asked, "a login under way");
    socket.destroy();
    answer();
    bmc.beforeLogin = () => Promise.resolve();
    await sessions.settle();
    assert.equal(bmc.accounts.opened, before + 1);
    assert.equal(bmc.accounts.sessions, 0);
  });

  it("shows no password to somebody else's certificate, or without TLS", async () => {
    const asked = bmc.asked.length;
    const pinned = { ...bmc.tls, fingerprint: "0".repeat(64) };
    assert.ok((await open({ tls: pinned }).failure) instanceof HostCertificateInvalid);
    assert.ok(
      (await open({ tls: { wrap: true, verify: "ca" } }).failure) instanceof HostCertificateInvalid,
    );
    assert.match((await open({ tls: undefined }).failure).message, /without TLS/);
    assert.equal(bmc.asked.length, asked);
    const trusted = open({ tls: { wrap: true, verify: "ca", caFile: bmc.caFile } });
    await once(trusted.socket, "connect");
  });

  it("waits for no step longer than it may", async () => {
    const silent = await startSilentServer();
    try {
      const port = { port: silent.port };
      const short = { stepMilliseconds: 100 };
      assert.ok((await open({}, port, short).failure) instanceof HostTimeout);
      const nobody = { tls: undefined, username: undefined, password: undefined };
      assert.ok((await open(nobody, port, short).failure) instanceof HostTimeout);
      assert.ok((await open({}, { port: 1 }).failure) instanceof HostUnreachable);
    } finally {
      await silent.stop();
    }
  });

  describe("before a host that lies", () => {
    let server: Server;
    let answer: (key: string) => string | Buffer;
    const sockets = new Set<Socket>();
    before(async () => {
      server = createServer((socket) => {
        sockets.add(socket);
        socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
        socket.once("data", (head: Buffer) => {
          const key = /sec-websocket-key: (\S+)/i.exec(head.toString())?.[1] ?? "";
          socket.write(answer(key));
        });
      }).listen(0, "127.0.0.1");
      await once(server, "listening");
    });
    after(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });

    const accepted = (key: string, protocol?: string): string =>
      acceptance({ headers: { "sec-websocket-key": key } } as unknown as IncomingMessage, protocol);
    const ask = (said: typeof answer): Opened => {
      answer = said;
      const { port } = server.address() as AddressInfo;
      const nobody = { tls: undefined, username: undefined, password: undefined };
      return open(nobody, { port }, { stepMilliseconds: 500 });
    };

    it("refuses a wrong proof, and a sub-protocol or extension that nobody asked for", async () => {
      const said: [typeof answer, RegExp][] = [
        [() => accepted("AAAAAAAAAAAAAAAAAAAAAA=="), /Sec-WebSocket-Accept/],
        [(key) => accepted(key, "binary"), /sub-protocol nobody asked for/],
        [
          (key) => accepted(key).replace("\r\n\r\n", "\r\nSec-WebSocket-Extensions: x\r\n\r\n"),
          /extension/,
        ],
        [() => "HTTP/1.1 101 Go on\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", /WebSocket/],
        [() => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", /status 200/],
        [() => `HTTP/1.1 200 OK\r\nX: ${"x".repeat(100_000)}\r\n\r\n`, /no HTTP|HEADER_OVERFLOW/],
        [() => "RFB 003.008\n".repeat(3), /no HTTP/],
        [() => "HTTP/1.1 100 Continue\r\n\r\n", /did not answer/],
      ];
      for (const [words, pattern] of said) {
        const error = await ask(words).failure;
        assert.ok(error instanceof HostError, error.message);
        assert.match(error.message, pattern);
      }
    });

    it("takes data that comes with the answer, and ends at a broken frame", async () => {
      const frames = Buffer.from([0x82, 2, 0x68, 0x69, 0x81, 1, 0x78]);
      const { failure } = ask((key) => Buffer.concat([Buffer.from(accepted(key)), frames]));
      assert.match((await failure).message, /WebSocket is broken: a frame is text/);
    });

    it("answers a flood of pings with few pongs", async () => {
      const flood = Buffer.alloc(2 * 100_000);
      for (let at = 0; at < flood.length; at += 2) flood[at] = 0x89;
      const end = Buffer.from([0x82, 1, 0x78]);
      const { socket, received } = ask((key) =>
        Buffer.concat([Buffer.from(accepted(key)), flood, end]),
      );
      await until(() => received().length === 1, "the byte behind the flood");
      assert.ok(socket.writableLength < 1024);
      const [peer] = [...sockets].slice(-1);
      await until(() => (peer?.bytesRead ?? 0) > 0, "something");
      assert.ok((peer?.bytesRead ?? 0) < 20_000, String(peer?.bytesRead));
    });
  });
});

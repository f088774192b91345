/** The SSH front door against peers that do not play by the rules: strangers, floods, stalls. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import ssh2, { type Client, type ClientChannel, type ConnectConfig } from "ssh2";
import winston from "winston";
import { createLogger, type Logger } from "../../common/log.ts";
import { SshWorld, type SshWorldOptions } from "../helpers/ssh-world.ts";
import { until } from "../helpers/until.ts";

interface Insides {
  readonly _protocol: {
    authPassword(user: string, password: string): void;
    rekey(): void;
    readonly _kexinit?: Buffer;
  };
  readonly _sock: Socket;
}

describe("the SSH front door under attack", function () {
  this.timeout(40_000);
  let world: SshWorld;
  let sockets: Socket[];
  let clients: Client[];
  let now: number;

  beforeEach(() => {
    sockets = [];
    clients = [];
    now = 1_000_000;
  });

  afterEach(async () => {
    for (const client of clients) {
      client.destroy();
      /* ssh2 leaves one that a test had paused */
      (client as unknown as Insides)._sock.destroy();
    }
    for (const socket of sockets) socket.destroy();
    await world.stop();
  });

  async function start(options: SshWorldOptions = {}): Promise<void> {
    world = await SshWorld.start({ clock: { now: () => now }, ...options });
    await world.addNode("node1");
  }

  /** A connection on which nothing is said. */
  async function stranger(): Promise<Socket> {
    const socket = connect(world.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.resume();
    sockets.push(socket);
    await once(socket, "connect");
    return socket;
  }

  async function closed(socket: Socket): Promise<void> {
    await until(() => socket.closed, "closed connection");
  }

  function endOf(one: Client): Promise<void> {
    return new Promise((resolve) => {
      one.once("close", () => resolve());
    });
  }

  function visitor(config: ConnectConfig = {}): Client {
    const one = new ssh2.Client();
    one.on("error", () => {});
    clients.push(one);
    one.connect({
      host: "127.0.0.1",
      port: world.port,
      username: "node1",
      privateKey: readFileSync(join(world.folder, "alice")),
      ...config,
    });
    return one;
  }

  async function shell(one: Client): Promise<ClientChannel> {
    await once(one, "ready");
    return await new Promise((resolve, reject) => {
      one.shell((error, channel) => (error ? reject(error) : resolve(channel)));
    });
  }

  async function isOpen(): Promise<boolean> {
    const before = world.door.sessions.length;
    const ssh = world.ssh("node1", { command: "who", input: "" });
    return (await ssh.end()) === 0 && world.door.sessions.length === before + 1;
  }

  it("keeps no heap of remarks for a client that asks for them and reads nothing", async () => {
    await start();
    const channel = await shell(visitor());
    channel.pause();
    const session = await world.door.session();
    for (let count = 0; count < 20; count += 1) {
      channel.write(`${"\u0005c?".repeat(5000)}${count},`);
      await until(() => session.typed.toString().endsWith(`${count},`), "what was typed");
      assert.ok(session.tenant.waitingBytes < 4 * 1024 * 1024);
    }
  });

  it("survives garbage in place of a greeting, a key exchange and packets", async () => {
    await start();
    const greeting = Buffer.from("SSH-2.0-Garbage\r\n");
    const starts = [
      Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
      randomBytes(20_000),
      Buffer.alloc(20_000, "a"),
      Buffer.concat([greeting, randomBytes(1000)]),
      Buffer.concat([greeting, Buffer.from([0xff, 0xff, 0xff, 0xff]), randomBytes(200)]),
      Buffer.concat([greeting, Buffer.alloc(50_000)]),
      Buffer.from("SSH-1.5-old\r\n"),
    ];
    for (const bytes of starts) {
      const socket = await stranger();
      socket.end(bytes);
      await closed(socket);
    }
    assert.ok(await isOpen());
  });

  it("ends a session whose client breaks its encryption, and says so in its row", async () => {
    await start();
    const one = visitor();
    await shell(one);
    const session = await world.door.session();
    (one as unknown as Insides)._sock.write(randomBytes(4000));
    await until(() => session.ended !== undefined, "the session's end");
    assert.equal(session.ended, "TENANT_PROTOCOL_ERROR");
    session.tenant.destroy();
    await until(() => session.socketClosed, "the closed socket");
    assert.ok(await isOpen());
  });

  it("ends who does not log in within login_timeout", async () => {
    await start();
    const silent = await stranger();
    const greeted = await stranger();
    greeted.write("SSH-2.0-Slow\r\n");
    now += 61_000;
    await closed(silent);
    await closed(greeted);
  });

  it("ends who logged in and opens no session within the same time", async () => {
    await start();
    const one = visitor();
    await once(one, "ready");
    const end = endOf(one);
    now += 61_000;
    await end;
  });

  it("leaves sessions alone then", async () => {
    await start();
    const channel = await shell(visitor());
    const session = await world.door.session();
    now += 3_600_000;
    const silent = await stranger();
    now += 61_000;
    await closed(silent);
    channel.write("still here");
    await until(() => session.typed.toString() === "still here", "the typed bytes");
  });

  it("has room for no more than max_connections_per_source from one address", async () => {
    await start({ config: { "ssh.max_connections_per_source": "3" } });
    const first = [await stranger(), await stranger(), await stranger()];
    await closed(await stranger());
    assert.ok(first.every((socket) => !socket.closed));
    first[0]?.destroy();
    await until(isOpen, "a free place");
  });

  it("lets people in while 100 strangers sit there", async () => {
    await start({
      config: { "ssh.max_connections": "100", "ssh.max_connections_per_source": "1000" },
    });
    for (let count = 0; count < 100; count += 1) await stranger();
    assert.ok(await isOpen());
    assert.equal(sockets.filter((socket) => socket.closed).length, 1);
  });

  it("never ends a session for a stranger", async () => {
    await start({
      config: { "ssh.max_connections": "2", "ssh.max_connections_per_source": "1000" },
    });
    const channels = [await shell(visitor()), await shell(visitor())];
    await world.door.session(2);
    await closed(await stranger());
    assert.ok(channels.every((channel) => !channel.destroyed));
    assert.deepEqual(
      world.door.sessions.map(({ ended }) => ended),
      [undefined, undefined],
    );
  });

  it("lets nobody in who knows a public key and signs with another", async () => {
    await start();
    const read = (name: string): Buffer => readFileSync(join(world.folder, name));
    const forged = ssh2.utils.parseKey(read("stranger"));
    const known = ssh2.utils.parseKey(read("alice.pub"));
    assert.ok(!(forged instanceof Error) && !(known instanceof Error));
    forged.getPublicSSH = () => known.getPublicSSH();
    let ready = false;
    let attempts = 0;
    const one = visitor({
      authHandler: (_left, _partial, next) => {
        attempts += 1;
        if (attempts > 2) one.end();
        else next({ type: "publickey", username: "node1", key: forged } as never);
      },
    });
    one.on("ready", () => (ready = true));
    await endOf(one);
    assert.equal(ready, false);
    assert.equal(attempts, 3, "both were refused");
    assert.equal(world.door.sessions.length, 0);
  });

  it("gives six tries", async () => {
    await start({ config: { "ssh.api_url": "http://127.0.0.1:9" } });
    let tries = 0;
    const one = visitor({
      authHandler: (_left, _partial, next) => {
        tries += 1;
        next({ type: "password", username: "bob%node1", password: `wrong ${tries}` } as never);
      },
    });
    await endOf(one);
    assert.equal(tries, 7, "the seventh gets no answer");
  });

  it("judges a password once that is sent again while it is judged", async () => {
    await start({ config: { "ssh.api_url": "http://127.0.0.1:9" } });
    const one = visitor({ authHandler: () => {} });
    await once(one, "handshake");
    const { _protocol: protocol } = one as unknown as Insides;
    const end = endOf(one);
    for (let count = 0; count < 30; count += 1) protocol.authPassword("bob%node1", "wrong");
    await end;
    assert.ok(await isOpen());
  });

  it("cuts who opens channels again and again", async () => {
    await start();
    const one = visitor();
    await shell(one);
    const end = endOf(one);
    for (let count = 0; count < 20; count += 1) one.shell(() => {});
    await end;
    await until(() => world.door.sessions[0]?.socketClosed === true, "the session's end");
  });

  it("cuts who exchanges keys a second time before the login", async () => {
    await start();
    const early = visitor({ authHandler: () => {} });
    await once(early, "handshake");
    const end = endOf(early);
    (early as unknown as Insides)._protocol.rekey();
    await end;
  });

  it("cuts who exchanges keys again and again behind it", async () => {
    await start();
    const ssh = world.ssh("node1", { args: ["-tt", "-e", "~"] });
    const session = await world.door.session();
    for (let count = 0; count < 40; count += 1) {
      ssh.type("\r~R");
      ssh.type(`<${count}>`);
      await until(
        () => session.socketClosed || session.typed.includes(`<${count}>`),
        "the typed bytes or the end",
      );
    }
    await until(() => session.socketClosed, "the end of the connection");
  });

  it("holds bytes back while keys are exchanged, and cuts who never ends that", async () => {
    await start();
    const one = visitor();
    await shell(one);
    const session = await world.door.session();
    const { _protocol: protocol, _sock: socket } = one as unknown as Insides;
    socket.pause();
    protocol.rekey();
    const chunk = Buffer.alloc(1000, "x");
    await until(() => {
      session.say(chunk);
      return session.tenant.waitingBytes >= 5000;
    }, "bytes that wait");
    let taken = false;
    session.tenant.whenTaken(() => (taken = true));
    await until(() => {
      now += 61_000;
      return session.socketClosed;
    }, "the closed socket");
    assert.equal(taken, false);
  });

  it("goes on with a session over key exchanges, both ways", async () => {
    await start();
    const input = randomBytes(600_000);
    const ssh = world.ssh("node1", { args: ["-o", "RekeyLimit=300K"], input });
    const session = await world.door.session();
    for (let at = 0; at < input.length; at += 20_000) {
      session.say(input.subarray(at, at + 20_000));
      await until(() => session.tenant.waitingBytes < 100_000, "room");
    }
    assert.equal(await ssh.end(), 0, ssh.stderr);
    assert.ok(session.typed.equals(input));
    assert.ok(ssh.bytes.equals(input));
  });

  it("keeps what a client with an open window does not read out of memory's way", async () => {
    await start();
    const one = visitor();
    await shell(one);
    const session = await world.door.session();
    (one as unknown as Insides)._sock.pause();
    const chunk = Buffer.alloc(64 * 1024, "x");
    let taken = 0;
    session.tenant.whenTaken(() => (taken += 1));
    await until(() => taken === 1, "everything taken");
    for (let count = 0; session.tenant.waitingBytes === 0 && count < 1000; count += 1) {
      session.say(chunk);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok(session.tenant.waitingBytes > 0, "the tenant says that bytes wait");
    session.tenant.whenTaken(() => (taken += 1));
    (one as unknown as Insides)._sock.resume();
    await until(() => taken === 2 && session.tenant.waitingBytes === 0, "everything taken again");
  });

  it("holds a client whose input the machine does not take", async () => {
    await start();
    const one = visitor();
    const channel = await shell(one);
    const session = await world.door.session();
    session.tenant.pause();
    const all = Buffer.alloc(4 * 1024 * 1024, "y");
    let sent = false;
    channel.write(all, () => (sent = true));
    await until(() => channel.writableLength > 0 && !sent, "held bytes");
    session.tenant.resume();
    await until(() => session.typed.length === all.length, "all bytes");
  });

  it("writes few lines about many strangers, and says how many it left out", async () => {
    const lines: string[] = [];
    const log: Logger = createLogger({ level: "info", format: "json" });
    log.clear().add(
      new winston.transports.Stream({
        stream: new (await import("node:stream")).Writable({
          write: (line: Buffer, _encoding, done) => {
            lines.push(line.toString());
            done();
          },
        }),
      }),
    );
    await start({ log });
    for (let count = 0; count < 60; count += 1) {
      const socket = await stranger();
      socket.end("SSH-2.0-x\r\n\u0000\u0000\u0000\u0000");
      await closed(socket);
    }
    const about = (): string[] => lines.filter((line) => line.includes("ssh connection failed"));
    assert.equal(about().length, 20);
    now += 11_000;
    await until(() => lines.some((line) => /left|not logged one by one/.test(line)), "the count");
    assert.match(lines.find((line) => line.includes("one by one")) ?? "", /"lines":40/);
  });
});

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { honestNone, startFakeVncServer, type FakeVncServer } from "../fakes/vnc-server.ts";
import { startProxyWorld, type ProxyWorld } from "../helpers/novncproxy-world.ts";
import { TenantClient, type TenantOptions } from "../helpers/tenant-client.ts";

describe("the upgrade gate", () => {
  let server: FakeVncServer;
  let world: ProxyWorld;
  let offset = 0;

  before(async () => {
    server = await startFakeVncServer(honestNone);
    world = await startProxyWorld({
      clock: { now: () => Date.now() + offset },
      config: { "vnc.max_sessions": "4", "vnc.max_sessions_per_node": "2" },
    });
  });
  after(async () => {
    await world?.stop();
    await server?.stop();
  });
  afterEach(() => {
    offset = 0;
  });

  const newConsole = async (): Promise<{ node: string; token: string; address: string }> => {
    const node = await world.addNode({ port: server.port });
    const token = await world.authorize(node);
    return { node, token, address: world.address(node, token) };
  };
  const refusal = async (address: string, options?: TenantOptions): Promise<number> => {
    const client = new TenantClient(address, options);
    const refused = await client.refused;
    if (!refused) await client.close();
    assert.ok(refused, "the upgrade was accepted");
    assert.equal(refused.body, "", "a refusal has no body");
    return refused.status;
  };
  const reason = async (
    address: string,
  ): Promise<{ status: number; code: string; message: string }> => {
    const response = await fetch(address.replace(/^ws/, "http"));
    const body = (await response.json()) as { code: string; message: string };
    return { status: response.status, ...body };
  };

  it("lets a valid token in and writes who came", async () => {
    const { node, address } = await newConsole();
    const tenant = new TenantClient(address, { headers: { "user-agent": "probe/1" } });
    assert.equal((await tenant.handshake()).subarray(24).toString(), "fake");
    const [row] = await world.database.sessions.listActive({ nodeUuid: node });
    assert.equal(row?.sourceAddress, "127.0.0.1");
    assert.equal(row?.userAgent, "probe/1");
    assert.equal(row?.proxyHost, "proxy1");
    assert.equal(row?.userId, "alice");
    await tenant.close();
  });

  it("says 426 to a plain GET that would be let in, and opens nothing", async () => {
    const { node, address } = await newConsole();
    const answer = await reason(address);
    assert.equal(answer.status, 426);
    assert.equal(answer.code, "UPGRADE_REQUIRED");
    assert.deepEqual(await world.database.sessions.listActive({ nodeUuid: node }), []);
  });

  it("gives unknown, expired, revoked and foreign tokens one and the same answer", async () => {
    const { node, token, address } = await newConsole();
    const other = await newConsole();
    const revoked = await newConsole();
    await world.database.tokens.cleanForNode(revoked.node);
    const answers: object[] = [];
    for (const bad of [
      world.address(node, "A".repeat(43)),
      world.address(node, "short"),
      world.address(other.node, token),
      revoked.address,
      `ws://127.0.0.1:${world.proxy.port}/websockify`,
    ]) {
      assert.equal(await refusal(bad), 403);
      answers.push(await reason(bad));
    }
    offset = 601_000;
    assert.equal(await refusal(address), 403);
    answers.push(await reason(address));
    for (const answer of answers)
      assert.deepEqual(answer, {
        status: 403,
        code: "INVALID_TOKEN",
        message: "the console link is not valid any more, ask for a new one",
      });
  });

  it("refuses another site's page, and says why over plain HTTP", async () => {
    const { address } = await newConsole();
    assert.equal(await refusal(address, { origin: "http://evil.example" }), 403);
    const response = await fetch(address.replace(/^ws/, "http"), {
      headers: { origin: "http://evil.example" },
    });
    assert.equal(((await response.json()) as { code: string }).code, "ORIGIN_NOT_ALLOWED");
  });

  it("lets its own page in", async () => {
    const { address } = await newConsole();
    const tenant = new TenantClient(address, { origin: `http://127.0.0.1:${world.proxy.port}` });
    await tenant.handshake();
    await tenant.close();
  });

  it("refuses a node whose console is off", async () => {
    const { node, address } = await newConsole();
    await world.database.nodes.update(node, { consoleEnabled: false });
    assert.equal(await refusal(address), 400);
    assert.equal((await reason(address)).code, "CONSOLE_NOT_ENABLED");
  });

  it("refuses a serial console with 501 and leaves no open session", async () => {
    const node = await world.addNode({ port: server.port, consoleType: "serial" });
    const address = world.address(node, await world.authorize(node));
    assert.equal(await refusal(address), 501);
    assert.equal((await reason(address)).code, "CONSOLE_TYPE_NOT_SUPPORTED");
    assert.deepEqual(await world.database.sessions.listActive({ nodeUuid: node }), []);
  });

  it("refuses more sessions than a node or the proxy may have", async () => {
    const first = await newConsole();
    const second = await newConsole();
    const open: TenantClient[] = [];
    const enter = async (address: string): Promise<void> => {
      const tenant = new TenantClient(address);
      await tenant.handshake();
      open.push(tenant);
    };
    await enter(first.address);
    await enter(first.address);
    assert.equal(await refusal(first.address), 503);
    assert.equal((await reason(first.address)).code, "TOO_MANY_SESSIONS");
    await enter(second.address);
    await enter(second.address);
    const third = await newConsole();
    assert.equal(await refusal(third.address), 503);
    assert.equal((await reason(third.address)).code, "TOO_MANY_SESSIONS");
    await Promise.all(open.map((tenant) => tenant.close()));
  });

  it("chooses our sub-protocol, else binary, else none, and refuses only unknown ones", async () => {
    const { address } = await newConsole();
    const choices: [string[], string][] = [
      [["binary", "baremetal-console.v1"], "baremetal-console.v1"],
      [["base64", "binary"], "binary"],
      [[], ""],
    ];
    for (const [protocols, chosen] of choices) {
      const tenant = new TenantClient(address, { protocols });
      await tenant.handshake();
      assert.equal(tenant.socket.protocol, chosen);
      await tenant.close();
    }
    assert.equal(await refusal(address, { protocols: ["base64", "chat"] }), 400);
  });

  it("serves its one address only", async () => {
    const { address } = await newConsole();
    for (const path of ["/websockify/", "/", "//websockify", "/x/websockify", "/vnc.html"])
      assert.equal(await refusal(address.replace("/websockify", path)), 404, path);
  });

  /** A raw request; ends when the proxy closes. */
  const raw = async (lines: readonly string[]): Promise<string> => {
    const socket = connect(world.proxy.port, "127.0.0.1");
    let text = "";
    socket.setEncoding("latin1").on("data", (part: string) => (text += part));
    socket.write(`${lines.join("\r\n")}\r\n\r\n`);
    await once(socket, "close");
    return text;
  };
  const headers = [
    "Host: x",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
  ];
  const malformed: Record<string, [number, string[]]> = {
    "another version, naming its own": [
      426,
      ["GET /websockify HTTP/1.1", ...headers.slice(0, 4), "Sec-WebSocket-Version: 8"],
    ],
    "a key that is no key": [
      400,
      ["GET /websockify HTTP/1.1", ...headers.slice(0, 3), "Sec-WebSocket-Key: x", headers[4]!],
    ],
    "a POST": [400, ["POST /websockify HTTP/1.1", ...headers]],
    "another protocol": [
      400,
      ["GET /websockify HTTP/1.1", "Host: x", "Connection: Upgrade", "Upgrade: h2c"],
    ],
    "an absolute address": [404, ["GET http://evil.example/websockify HTTP/1.1", ...headers]],
  };
  for (const [name, [status, lines]] of Object.entries(malformed))
    it(`refuses ${name} with ${status}`, async () => {
      const answer = await raw(lines);
      assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `));
      if (status === 426) assert.match(answer, /Sec-WebSocket-Version: 13/);
      assert.ok(answer.endsWith("\r\n\r\n"), "no body");
    });

  it("answers the handshake of RFC 6455 with its accept key, and greets in the same packet", async () => {
    const { node, token } = await newConsole();
    const socket = connect(world.proxy.port, "127.0.0.1");
    socket.write(
      `GET /websockify?node=${node}&token=${token} HTTP/1.1\r\n${headers.join("\r\n")}\r\nSec-WebSocket-Protocol: binary\r\n\r\n`,
    );
    const [first] = (await once(socket, "data")) as [Buffer];
    const text = first.toString("latin1");
    assert.match(text, /^HTTP\/1\.1 101 Switching Protocols\r\n/);
    assert.match(text.toLowerCase(), /upgrade: websocket/);
    assert.match(text, /Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/);
    assert.ok(text.endsWith("\r\n\r\n\x82\x0cRFB 003.008\n"));
    socket.destroy();
  });

  it("keeps what a client sends together with its handshake", async () => {
    const { node, token } = await newConsole();
    const socket = connect(world.proxy.port, "127.0.0.1");
    let text = "";
    socket.setEncoding("latin1").on("data", (part: string) => (text += part));
    const version = Buffer.concat([
      Buffer.from([0x82, 0x8c, 0, 0, 0, 0]),
      Buffer.from("RFB 003.008\n"),
    ]);
    socket.write(
      Buffer.concat([
        Buffer.from(
          `GET /websockify?node=${node}&token=${token} HTTP/1.1\r\n${headers.join("\r\n")}\r\n\r\n`,
        ),
        version,
      ]),
    );
    while (!text.endsWith("\x82\x02\x01\x01")) await once(socket, "data");
    socket.destroy();
  });
});

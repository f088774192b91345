/** A console log from the files of two proxies through the REST API. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import {
  createServer,
  get as httpGet,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  consoleLogWorld,
  QUIET_NODE,
  writeLog,
  type ConsoleLogWorld,
} from "../helpers/console-log-world.ts";
import { NODE } from "../helpers/line-logs.ts";
import { until } from "../helpers/until.ts";
import { startProxyWorld, type ProxyWorld } from "../helpers/novncproxy-world.ts";
import { makeTestPki } from "../helpers/pki.ts";
import { faultString, startApiUnderTest, type ApiUnderTest } from "../unit/api/api-under-test.ts";

/** What it said fills the buffers of any connection. */
const LONG_NODE = "3be26c0b-03f2-4d2e-ae87-c02d7f33c123";

describe("the console log of a node", function () {
  this.timeout(60_000);
  let world: ConsoleLogWorld;
  let api: ApiUnderTest;
  let get: ConsoleLogWorld["get"];
  let proxy1: ProxyWorld;

  before(async () => {
    world = await consoleLogWorld();
    ({ api, get } = world);
    proxy1 = world.proxies[0]!;
  });
  after(() => world?.stop());

  it("is joined from the proxies that had the line, in order of time", async () => {
    const answer = await get();
    assert.equal(answer.status, 200, answer.text);
    assert.equal(
      answer.text,
      [
        "2026-11-20T12:00:00.000Z \\x1b[31mGRUB\\x1b[0m loading.",
        "2026-11-20T12:00:00.000Z login: \\",
        "2026-11-20T12:10:00.000Z Linux version 6.1",
        "2026-11-20T12:10:00.000Z Grüße\\\\n\\x0a",
        "2026-11-20T12:20:00.000Z reboot",
        "",
      ].join("\n"),
    );
    assert.equal(answer.headers.get("content-type"), "text/plain; charset=utf-8");
    assert.equal(
      answer.headers.get("content-disposition"),
      `attachment; filename="console-${NODE}.log"`,
    );
    assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
    assert.equal(answer.headers.get("x-console-log-incomplete"), null);
  });

  it("is given in every format", async () => {
    assert.equal(
      (await get("?format=raw")).text,
      "\x1b[31mGRUB\x1b[0m loading.\r\nlogin: Linux version 6.1\r\nGr\xfc\xdfe\\n\nreboot\r\n",
    );
    assert.equal(
      (await get("?format=plain")).text,
      "GRUB loading.\nlogin: Linux version 6.1\nGrüße\\n\nreboot\n",
    );
    const lines = (await get("?format=json")).text.trimEnd().split("\n");
    assert.equal(lines.length, 5);
    assert.deepEqual(JSON.parse(lines[1] ?? ""), {
      time: "2026-11-20T12:00:00.000Z",
      text: "login: ",
      part: true,
    });
    assert.equal((await get("?format=xml")).status, 400);
  });

  it("is given for a window of time and by its last lines, over all proxies", async () => {
    const window = await get("?from=2026-11-20T12:10Z&to=2026-11-20T12:20:00%2B00:00");
    assert.match(window.text, /^\S+ Linux version 6\.1\n\S+ Gr.*\n$/);
    const last = await get("?lines=2");
    assert.match(last.text, /^\S+ Gr.*\n\S+ reboot\n$/);
    assert.equal(
      (await get("?from=-1s")).text.includes("reboot"),
      Date.now() < Date.parse("2026-11-20T12:20Z"),
    );
  });

  it("is refused with the reason for arguments that make no sense", async () => {
    const wrong: readonly [string, RegExp][] = [
      ["?from=yesterday", /Invalid from/],
      ["?lines=0", /Invalid lines/],
      ["?lines=9999999", /Invalid lines/],
      ["?from=-1h&to=-2h", /ends before it begins/],
      ["?node=x", /Unexpected arguments: node/],
    ];
    for (const [query, message] of wrong) {
      const answer = await get(query);
      assert.equal(answer.status, 400);
      assert.match(faultString(answer), message);
    }
    const nobody = await api.get("/v1/nodes/nobody/console/log");
    assert.equal(nobody.status, 404);
  });

  it("is not there for a node that never said anything", async () => {
    const answer = await api.get("/v1/nodes/n2/console/log");
    assert.equal(answer.status, 404);
    assert.match(faultString(answer), /no console log of node/);
  });

  /** An answer of which nothing is read yet, on a connection of its own. */
  function beginAt(url: string, headers: Record<string, string> = {}): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      httpGet(url, { agent: false, headers }, resolve).on("error", reject);
    });
  }

  async function begin(node: string): Promise<IncomingMessage> {
    const answer = await beginAt(`${api.service.url}/v1/nodes/${node}/console/log`, {
      "x-openstack-ironic-api-version": "1.82",
    });
    assert.equal(answer.statusCode, 200, "the proxies' places are free again");
    return answer;
  }

  it("answers HEAD and a caller who hangs up without holding anything open", async () => {
    const head = await fetch(`${api.service.url}/v1/nodes/n1/console/log`, { method: "HEAD" });
    assert.equal(head.status, 200);
    for (let count = 0; count < 20; count += 1) (await begin("n1")).destroy();
  });

  it("is let go in the middle of a long one, many times, and goes on being given", async () => {
    const long = `${"x".repeat(100)}\r\n`.repeat(100_000);
    await api.create({ uuid: LONG_NODE, name: "n3" });
    for (const proxy of ["proxy1", "proxy2"])
      await writeLog(join(world.folder, proxy, "console-logs"), Date.now(), long, LONG_NODE);
    for (let count = 0; count < 20; count += 1) {
      const answer = await begin("n3");
      assert.equal(answer.headers["x-console-log-incomplete"], undefined);
      await once(answer, "data");
      answer.destroy();
    }
    const whole = await api.get("/v1/nodes/n3/console/log");
    assert.equal(whole.text.split("\n").length - 1, 200_000);
  });

  it("is given to so many at once, to the others later", async () => {
    const token = await tokenFor("log", LONG_NODE);
    const url = proxy1.http(`/console-log?node=${LONG_NODE}`);
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => beginAt(url, { authorization: `Bearer ${token}` })),
    );
    const statuses = answers.map(({ statusCode = 0 }) => statusCode).toSorted((a, b) => a - b);
    assert.deepEqual(statuses, [...Array<number>(8).fill(200), ...Array<number>(4).fill(503)]);
    for (const answer of answers) answer.destroy();
    await until(async () => (await get("?lines=1")).status === 200, "free place");
  });

  const tokenFor = async (mode: "log" | "view" | "control", nodeUuid = NODE): Promise<string> =>
    (
      await api.database.tokens.authorize({
        nodeUuid,
        consoleType: "serial",
        mode,
        userId: null,
        projectId: null,
        ttlSeconds: 60,
      })
    ).token;

  describe("at a proxy", () => {
    const ask = async (token: string, query = `node=${NODE}`): Promise<Response> =>
      fetch(proxy1.http(`/console-log?${query}`), {
        headers: { authorization: `Bearer ${token}` },
      });
    it("is given to a token for reading it", async () => {
      const answer = await ask(await tokenFor("log"));
      assert.equal(answer.status, 200);
      assert.match(await answer.text(), /GRUB[^]*reboot\n$/);
    });

    it("is not given to a console link, whose owner may be a later tenant", async () => {
      for (const mode of ["view", "control"] as const)
        assert.equal((await ask(await tokenFor(mode))).status, 403);
    });

    it("is not given to another node's token, without one, or with one in the URL", async () => {
      const token = await tokenFor("log");
      assert.equal((await ask(await tokenFor("log", QUIET_NODE))).status, 403);
      assert.equal((await ask("x")).status, 403);
      assert.equal((await fetch(proxy1.http(`/console-log?node=${NODE}`))).status, 403);
      assert.equal((await ask("x", `node=${NODE}&token=${token}`)).status, 403);
      assert.equal((await ask(token, "node=../../etc")).status, 403);
      assert.equal((await ask(token, "")).status, 403);
    });

    it("opens no session with such a token", async () => {
      await assert.rejects(
        api.database.sessions.open({
          token: await tokenFor("log"),
          sourceAddress: "192.0.2.1",
          userAgent: null,
          proxyHost: "proxy1",
          maxSessionsPerNode: 10,
        }),
        /not valid any more/,
      );
    });

    it("is refused for numbers that are none", async () => {
      const token = await tokenFor("log");
      for (const query of [
        "from=x",
        "lines=0",
        "lines=-1",
        "to=1e9",
        "from=1&from=2",
        "format=raw",
      ])
        assert.equal((await ask(token, `node=${NODE}&${query}`)).status, 400, query);
    });
  });

  describe("with a proxy that does not do its part", () => {
    let broken: Server | undefined;
    const announce = async (
      url: string,
      handler?: (request: IncomingMessage, response: ServerResponse) => void,
    ): Promise<void> => {
      if (handler) {
        broken = createServer(handler).listen(0, "127.0.0.1");
        await new Promise((resolve) => broken?.once("listening", resolve));
      }
      const port = (broken?.address() as AddressInfo | null)?.port;
      await api.database.sessions.beat("proxy3");
      await api.database.lines.announce("proxy3", url.replace("PORT", String(port)));
    };
    afterEach(async () => {
      await api.database.sessions.closeSilent("proxy3", await beatOf("proxy3"));
      broken?.closeAllConnections();
      broken?.close();
      broken = undefined;
    });
    const beatOf = async (host: string): Promise<number | null> =>
      (await api.database.sessions.listProxies()).find((proxy) => proxy.host === host)?.beat ??
      null;

    it("is the rest, and says who is missing", async () => {
      await announce("http://127.0.0.1:1");
      const answer = await get();
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.get("x-console-log-incomplete"), "proxy3");
      assert.match(answer.text, /GRUB[^]*reboot\n$/);
    });

    it("is not said to be missing where it cannot be known", async () => {
      await announce("http://127.0.0.1:1");
      const answer = await api.get("/v1/nodes/n2/console/log");
      assert.equal(answer.status, 503);
      assert.match(faultString(answer), /no answer from proxy3/);
    });

    it("follows no redirect, and shows its token to nobody else", async () => {
      let asked = 0;
      const elsewhere = createServer((_request, response) => {
        asked += 1;
        response.end();
      }).listen(0, "127.0.0.1");
      await new Promise((resolve) => elsewhere.once("listening", resolve));
      const { port } = elsewhere.address() as AddressInfo;
      await announce("http://127.0.0.1:PORT", (_request, response) => {
        response.writeHead(302, { location: `http://127.0.0.1:${port}/` }).end();
      });
      assert.equal((await get()).headers.get("x-console-log-incomplete"), "proxy3");
      assert.equal(asked, 0);
      elsewhere.close();
    });

    it("ends as cut off when the proxy dies in the middle", async () => {
      await announce("http://127.0.0.1:PORT", (_request, response) => {
        response.writeHead(200, { "content-length": "1000000" });
        response.write("2026-11-20T12:00:00.000Z half\n");
        setImmediate(() => response.destroy());
      });
      await assert.rejects(get());
    });

    it("hears nothing for a proxy whose address is no web address", async () => {
      await announce("file:///etc/passwd");
      assert.equal((await get()).headers.get("x-console-log-incomplete"), "proxy3");
    });
  });
});

describe("the console log of a node behind TLS", () => {
  it("comes over connections that are signed by the operator's authority, and no others", async function () {
    this.timeout(60_000);
    const pki = makeTestPki();
    const folder = mkdtempSync(join(tmpdir(), "bmc-log-"));
    const { certFile, keyFile } = pki.issue("proxy");
    const api = await startApiUnderTest({ "console.log_proxy_cafile": pki.caFile });
    /* knows the proxy, but not who signed its certificate */
    const stranger = await startApiUnderTest();
    const proxy = await startProxyWorld({
      database: api.database,
      statePath: folder,
      config: {
        "vnc.enable_ssl": "true",
        "vnc.cert_file": certFile,
        "vnc.key_file": keyFile,
        "vnc.host_ip": "127.0.0.1",
        "console.log": "true",
      },
    });
    try {
      await api.create({ uuid: NODE, name: "n1" });
      await writeLog(join(folder, "console-logs"), 0, "hello\r\n");
      const answer = await api.get("/v1/nodes/n1/console/log");
      assert.equal(answer.text, "1970-01-01T00:00:00.000Z hello\n");
      await stranger.create({ uuid: NODE, name: "n1" });
      await stranger.database.sessions.beat("proxy");
      await stranger.database.lines.announce("proxy", new URL(proxy.http("/")).origin);
      assert.equal((await stranger.get("/v1/nodes/n1/console/log")).status, 503);
    } finally {
      await stranger.stop();
      await proxy.stop();
      await api.stop();
      pki.remove();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

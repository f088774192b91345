/** The page that a BMC shows to who is not logged in, read from real and from hostile servers. */
import assert from "node:assert/strict";
import { createServer as createHttpServer, type RequestListener } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { CaFiles } from "../../../../../common/ca-files.ts";
import { BmcUnreachable, ConsoleServiceError, type HostTls } from "../../../../../drivers/base.ts";
import { pageProbe, type GetPage } from "../../../../../drivers/browser/recipes/probe-page.ts";
import { parseWebAddress } from "../../../../../drivers/browser/web-address.ts";
import { makeTestPki, type IssuedCertificate, type TestPki } from "../../../../helpers/pki.ts";

describe("probing a BMC's page", () => {
  let pki: TestPki;
  let certificate: IssuedCertificate;
  let server: Server;
  const sockets = new Set<Socket>();
  const signal = new AbortController().signal;

  before(() => {
    pki = makeTestPki();
    certificate = pki.issue("bmc");
  });
  after(() => pki.remove());

  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    server.close();
    if (server.listening) await once(server, "close");
  });

  async function listen(made: Server): Promise<number> {
    server = made;
    server.on("connection", (socket: Socket) => {
      sockets.add(socket);
      socket.on("error", () => undefined);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  }

  function probe(scheme: string, port: number, tls: Omit<HostTls, "wrap">): GetPage {
    return pageProbe({
      bmc: parseWebAddress(`${scheme}://127.0.0.1:${port}`, "web_address"),
      tls,
      caFiles: new CaFiles(),
      dial: async (destination, dialSignal) => {
        const socket = connect(destination);
        sockets.add(socket);
        await once(socket, "connect", { signal: dialSignal });
        return socket;
      },
    });
  }

  async function plain(answer: RequestListener): Promise<GetPage> {
    return probe("http", await listen(createHttpServer(answer)), { verify: "none" });
  }

  async function raw(bytes: (socket: Socket) => void): Promise<GetPage> {
    return probe("http", await listen(createServer(bytes)), { verify: "none" });
  }

  async function encrypted(
    tls: Omit<HostTls, "wrap">,
    options: { maxVersion?: "TLSv1" } = {},
  ): Promise<GetPage> {
    const made = createHttpsServer(
      {
        key: certificate.keyPem,
        cert: certificate.certPem,
        ...(options.maxVersion && {
          maxVersion: "TLSv1",
          minVersion: "TLSv1",
          ciphers: "DEFAULT:@SECLEVEL=0",
        }),
      },
      (_request, response) => response.end("<title>BMC</title>"),
    );
    return probe("https", await listen(made), tls);
  }

  it("gives its body, status and Server header", async () => {
    const get = await plain((request, response) => {
      response.writeHead(200, { server: "lighttpd/1.4" });
      response.end(
        `you asked ${request.method} ${request.url} of ${request.headers.host?.split(":")[0]}`,
      );
    });
    assert.deepEqual(await get("/a?b=c", signal), {
      status: 200,
      server: "lighttpd/1.4",
      body: "you asked GET /a?b=c of 127.0.0.1",
    });
  });

  it("takes a login page for one, and a missing page for none", async () => {
    const get = await plain((request, response) => {
      response.writeHead(request.url === "/login" ? 401 : 404).end("x");
    });
    assert.equal((await get("/login", signal))?.status, 401);
    assert.equal(await get("/none", signal), undefined);
  });

  it("follows redirects on the BMC and nowhere else, and not for ever", async () => {
    const asked: string[] = [];
    const targets: Record<string, string> = {
      "/": "login.html",
      "/out": "https://192.0.2.1/evil",
      "/loop": "/loop",
      "/bad": "https://[",
    };
    const get = await plain((request, response) => {
      asked.push(request.url ?? "");
      const location = targets[request.url ?? ""];
      if (location === undefined) response.end("here");
      else response.writeHead(302, { location }).end("moved");
    });
    assert.equal((await get("/", signal))?.body, "here");
    assert.equal((await get("/out", signal))?.body, "moved");
    assert.equal((await get("/bad", signal))?.body, "moved");
    await get("/loop", signal);
    assert.equal(asked.filter((path) => path === "/loop").length, 5);
  });

  it("reads 64 KiB of a page without end", async () => {
    const get = await plain((_request, response) => {
      const more = (): void => {
        while (response.write("x".repeat(16_384)));
        response.once("drain", more);
      };
      more();
    });
    assert.equal((await get("/", signal))?.body.length, 65_536);
  });

  for (const [what, bytes] of [
    ["headers without end", "HTTP/1.1 200 OK\r\n" + "a: b\r\n".repeat(20_000)],
    ["no HTTP", "\u0000\u0001SSH-2.0-x\r\n\r\n"],
    ["nothing", ""],
    ["half a status line", "HTTP/1.1 2"],
  ] as const)
    it(`fails with ${what}`, async () => {
      const get = await raw((socket) => {
        socket.resume();
        socket.end(bytes, "latin1");
      });
      await assert.rejects(get("/", signal), ConsoleServiceError);
    });

  it("ends with its task when the BMC says nothing", async () => {
    const get = await raw((socket) => socket.resume());
    const aborting = new AbortController();
    const asked = assert.rejects(get("/", aborting.signal), ConsoleServiceError);
    await once(server, "connection");
    aborting.abort();
    await asked;
  });

  it("believes the pinned certificate alone", async () => {
    const { fingerprint } = certificate;
    const get = await encrypted({ verify: "pin", fingerprint });
    assert.equal((await get("/", signal))?.body, "<title>BMC</title>");
    const port = (server.address() as AddressInfo).port;
    const other = probe("https", port, { verify: "pin", fingerprint: "0".repeat(64) });
    await assert.rejects(other("/", signal), /certificate/);
    await assert.rejects(probe("https", port, { verify: "ca" })("/", signal), /certificate/);
  });

  it("speaks TLS 1.0 when it may, and not otherwise", async () => {
    const old = { maxVersion: "TLSv1" } as const;
    const get = await encrypted({ verify: "none", minVersion: "TLSv1" }, old);
    assert.equal((await get("/", signal))?.status, 200);
    const port = (server.address() as AddressInfo).port;
    await assert.rejects(
      probe("https", port, { verify: "none" })("/", signal),
      ConsoleServiceError,
    );
  });

  it("says that a BMC cannot be reached as its way there does", async () => {
    server = createServer();
    const get = pageProbe({
      bmc: parseWebAddress("bmc.example", "web_address"),
      tls: { verify: "none" },
      caFiles: new CaFiles(),
      dial: () => Promise.reject(new BmcUnreachable("no route")),
    });
    await assert.rejects(get("/", signal), BmcUnreachable);
  });
});

/** A real Chromium behind the gate, on BMCs whose TLS it would not take by itself. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import { BmcCertificateInvalid, type HostTls } from "../../../../drivers/base.ts";
import {
  startBrowserWorld,
  type BrowserWorld,
  type PageCaller,
} from "../../../helpers/browser-session.ts";
import { makeTestPki, type IssuedCertificate, type TestPki } from "../../../helpers/pki.ts";
import { until } from "../../../helpers/until.ts";

describe("a browser behind the gate", function () {
  this.timeout(60_000);
  let pki: TestPki;
  let own: IssuedCertificate;
  let world: BrowserWorld;
  let page: PageCaller;
  const servers: Server[] = [];

  before(async () => {
    pki = makeTestPki();
    own = pki.issue("bmc", { selfSigned: true });
    world = await startBrowserWorld();
    page = await world.cdp.page();
  });
  after(async () => {
    await world.close();
    pki.remove();
  });
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    }
  });

  async function bmc(options: ServerOptions = {}): Promise<Server> {
    const server = createServer({ cert: own.certPem, key: own.keyPem, ...options });
    server.on("request", (request, response) => {
      response.setHeader("content-type", "text/html");
      response.end(`<title>${request.httpVersion} ${request.url}</title>`);
    });
    servers.push(server.listen(0, "127.0.0.1"));
    await once(server, "listening");
    return server;
  }

  /** @returns Chromium's error, "" when the page came */
  async function visit(server: Server, tls: Omit<HostTls, "wrap">): Promise<string> {
    const { port } = server.address() as AddressInfo;
    world.gate.allow([{ host: "127.0.0.1", port, tls }]);
    return await page.goto(`https://127.0.0.1:${port}/here`);
  }

  it("shows a page with a certificate that nobody signed, when nothing is to be judged", async () => {
    assert.equal(await visit(await bmc(), { verify: "none" }), "");
    await until(async () => (await page.evaluate("document.title")) === "1.1 /here", "page");
  });

  it("shows a page with the pinned certificate", async () => {
    const pin = { verify: "pin", fingerprint: own.fingerprint } as const;
    assert.equal(await visit(await bmc(), pin), "");
  });

  it("shows a page whose certificate the given authority signed", async () => {
    const { certPem: cert, keyPem: key } = pki.issue("signed");
    const tls = { verify: "ca", caFile: pki.caFile } as const;
    assert.equal(await visit(await bmc({ cert, key }), tls), "");
  });

  it("shows no page with another certificate than the pinned one, and names both", async () => {
    const fingerprint = "ab".repeat(32);
    assert.match(await visit(await bmc(), { verify: "pin", fingerprint }), /^net::ERR_/);
    const failure = world.gate.lastFailure;
    assert.ok(failure instanceof BmcCertificateInvalid);
    assert.match(failure.message, new RegExp(`${own.fingerprint}.*${fingerprint}`));
    assert.match(failure.message, /web_tls_fingerprint/);
  });

  it("shows no page that no authority vouches for, and says how to pin it", async () => {
    const tls = { verify: "ca", caFile: pki.caFile } as const;
    assert.match(await visit(await bmc(), tls), /^net::ERR_/);
    const failure = world.gate.lastFailure;
    assert.ok(failure instanceof BmcCertificateInvalid);
    assert.match(
      failure.message,
      new RegExp(`self-signed.*${own.fingerprint}.*web_tls_fingerprint`),
    );
  });

  it("shows a BMC that speaks nothing newer than TLS 1.0 where that is allowed, and else not", async () => {
    const old = await bmc({
      minVersion: "TLSv1",
      maxVersion: "TLSv1",
      ciphers: "DEFAULT:@SECLEVEL=0",
    });
    let spoken: string | null = null;
    old.on("secureConnection", (socket) => (spoken = socket.getProtocol()));
    assert.match(await visit(old, { verify: "none" }), /^net::ERR_/);
    assert.equal(spoken, null);
    assert.equal(await visit(old, { verify: "none", minVersion: "TLSv1" }), "");
    assert.equal(spoken, "TLSv1");
  });

  it("carries a large answer whole", async () => {
    const big = await bmc();
    big.removeAllListeners("request");
    big.on("request", (request, response) => {
      if (request.url === "/here") response.end("<title>big</title>");
      else response.end(Buffer.alloc(20_000_000, "x"));
    });
    assert.equal(await visit(big, { verify: "none" }), "");
    const length = await page.evaluate(
      `fetch("/big").then((one) => one.text()).then((text) => text.length)`,
    );
    assert.equal(length, 20_000_000);
  });
});

import assert from "node:assert/strict";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import tls from "node:tls";
import type { HostTls, SecurityTypeName } from "../../common/console-endpoint.ts";
import { ConfigInvalid } from "../../common/errors.ts";
import { honestNone, startFakeVncServer, type FakeVncServer } from "../fakes/vnc-server.ts";
import { startProxyWorld, type ProxyWorld } from "../helpers/novncproxy-world.ts";
import { makeTestPki, type IssuedCertificate, type TestPki } from "../helpers/pki.ts";
import { TenantClient, updateRequest } from "../helpers/tenant-client.ts";
import {
  missingForVncServer,
  startVncServer,
  type VncServer,
  type VncServerKind,
} from "../helpers/vnc-servers.ts";

describe("novncproxy over TLS", function () {
  this.timeout(15_000);
  let pki: TestPki;
  let folder: string;
  let server: FakeVncServer;
  let world: ProxyWorld;
  let first: IssuedCertificate;
  const use = (certificate: IssuedCertificate): void => {
    copyFileSync(certificate.certFile, join(folder, "cert.pem"));
    copyFileSync(certificate.keyFile, join(folder, "key.pem"));
  };

  before(async () => {
    pki = makeTestPki();
    folder = mkdtempSync(join(tmpdir(), "novncproxy-tls-"));
    first = pki.issue("first");
    use(first);
    server = await startFakeVncServer(honestNone);
    world = await startProxyWorld({
      certificatePollMilliseconds: 50,
      config: {
        "vnc.enable_ssl": "true",
        "vnc.cert_file": join(folder, "cert.pem"),
        "vnc.key_file": join(folder, "key.pem"),
        "vnc.tls_minimum_version": "1.3",
      },
    });
  });
  after(async () => {
    await world?.stop();
    await server?.stop();
    pki?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  const options = (): { ca: string } => ({ ca: pki.caPem });
  const shown = async (extra: tls.ConnectionOptions = {}): Promise<string> => {
    const socket = tls.connect({
      port: world.proxy.port,
      host: "127.0.0.1",
      ...options(),
      ...extra,
    });
    try {
      await once(socket, "secureConnect");
      return socket.getPeerX509Certificate()!.fingerprint256.replaceAll(":", "").toLowerCase();
    } finally {
      socket.destroy();
    }
  };

  it("carries a session, and counts its own https page as an allowed origin", async () => {
    const node = await world.addNode({ port: server.port });
    const address = world.address(node, await world.authorize(node));
    assert.match(address, /^wss:/);
    const tenant = new TenantClient(address, {
      ...options(),
      origin: `https://127.0.0.1:${world.proxy.port}`,
    });
    await tenant.handshake();
    await tenant.close();
    const plain = new TenantClient(address, {
      ...options(),
      origin: `http://127.0.0.1:${world.proxy.port}`,
    });
    assert.equal((await plain.refused)?.status, 403);
  });

  it("refuses versions below the configured minimum", async () => {
    await assert.rejects(shown({ maxVersion: "TLSv1.2" }));
    assert.equal(await shown(), first.fingerprint);
  });

  it("shows a renewed certificate without dropping running sessions", async () => {
    const node = await world.addNode({ port: server.port });
    const tenant = new TenantClient(world.address(node, await world.authorize(node)), options());
    await tenant.handshake();
    const renewed = pki.issue("renewed");
    use(renewed);
    const deadline = Date.now() + 8000;
    while ((await shown()) !== renewed.fingerprint)
      assert.ok(Date.now() < deadline, "the renewed certificate is not shown");
    tenant.socket.ping();
    await once(tenant.socket, "pong");
    await tenant.close();
  });

  it("does not start with a certificate that it cannot read", async () => {
    await assert.rejects(
      startProxyWorld({
        config: {
          "vnc.enable_ssl": "true",
          "vnc.cert_file": "/nonexistent/cert.pem",
          "vnc.key_file": "/nonexistent/key.pem",
        },
      }),
      ConfigInvalid,
    );
  });
});

describe("a console session on a machine that speaks TLS", function () {
  this.timeout(20_000);
  let world: ProxyWorld;
  before(async () => {
    world = await startProxyWorld();
  });
  after(() => world?.stop());

  const cases: {
    readonly kind: VncServerKind;
    readonly types: readonly SecurityTypeName[];
    readonly tls: (server: VncServer) => HostTls;
  }[] = [
    {
      kind: "xvnc-x509vnc",
      types: ["X509Vnc"],
      tls: (server) => ({ wrap: false, verify: "ca", caFile: server.caFile }),
    },
    { kind: "xvnc-tlsvnc", types: ["TLSVnc"], tls: () => ({ wrap: false, verify: "none" }) },
    {
      kind: "tlswrap-vncauth",
      types: ["VncAuth"],
      tls: (server) => ({ wrap: true, verify: "pin", fingerprint: server.certificate.fingerprint }),
    },
  ];
  for (const { kind, types, tls: tlsOf } of cases)
    it(`relays a full screen of ${kind}`, async function () {
      if (missingForVncServer(kind).length > 0) this.skip();
      const server = await startVncServer({ kind, password: "sesame12" });
      try {
        const node = await world.addNode({
          port: server.port,
          password: "sesame12",
          allowedSecurityTypes: types,
          tls: tlsOf(server),
        });
        const tenant = new TenantClient(world.address(node, await world.authorize(node)));
        const init = await tenant.handshake();
        const [width, height] = [init.readUInt16BE(0), init.readUInt16BE(2)];
        tenant.countOnly();
        const before = tenant.binaryBytes;
        tenant.send(updateRequest(false, width, height));
        await tenant.until(
          "a full screen of raw pixels",
          () => tenant.binaryBytes - before >= width * height * 4,
        );
        await tenant.close();
      } finally {
        await server.stop();
      }
    });

  it("trusts no certificate that is not the pinned one", async function () {
    if (missingForVncServer("tlswrap-vncauth").length > 0) this.skip();
    const server = await startVncServer({ kind: "tlswrap-vncauth" });
    try {
      const node = await world.addNode({
        port: server.port,
        password: "vncpass1",
        tls: { wrap: true, verify: "pin", fingerprint: "0".repeat(64) },
      });
      const tenant = new TenantClient(world.address(node, await world.authorize(node)));
      await tenant.frame();
      tenant.send("RFB 003.008\n");
      await tenant.frame();
      tenant.send([1]);
      assert.deepEqual(await tenant.closed, { code: 1014, reason: "HOST_CERTIFICATE_INVALID" });
    } finally {
      await server.stop();
    }
  });
});

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import tls from "node:tls";
import type { HostTls } from "../../common/console-endpoint.ts";
import {
  HostCertificateInvalid,
  HostError,
  HostTimeout,
  HostUnreachable,
} from "../../common/errors.ts";
import { upgradeToTls } from "../../common/host-tls.ts";
import { makeTestPki, type CertificateRequest, type TestPki } from "../helpers/pki.ts";

/** What the server does with a connection instead of TLS. */
type Behaviour = (socket: Socket) => void;

describe("TLS toward a machine", () => {
  let pki: TestPki;
  let other: TestPki;
  const cleanups: (() => unknown)[] = [];

  before(() => {
    pki = makeTestPki();
    other = makeTestPki();
  });
  after(() => {
    pki.remove();
    other.remove();
  });
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0)) await cleanup();
  });

  async function listen(server: ReturnType<typeof createServer>): Promise<number> {
    const sockets = new Set<Socket>();
    server.on("connection", (socket: Socket) => {
      sockets.add(socket);
      socket.on("error", () => undefined);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    cleanups.push(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    const address = server.address();
    return typeof address === "object" && address ? address.port : 0;
  }

  async function tlsServer(request: CertificateRequest = {}, options: tls.TlsOptions = {}) {
    const made = pki.issue("server", request);
    const server = tls.createServer({ cert: made.certPem, key: made.keyPem, ...options });
    server.on("tlsClientError", () => undefined);
    server.on("secureConnection", (socket) => {
      socket.on("error", () => undefined);
      socket.write("RFB 003.008\n");
    });
    return { port: await listen(server), fingerprint: made.fingerprint };
  }

  async function dial(
    port: number,
    settings: Omit<HostTls, "wrap"> | undefined,
    hostName = "127.0.0.1",
    timeoutSeconds = 5,
  ): Promise<string> {
    const socket = connect(port, "127.0.0.1");
    cleanups.push(() => socket.destroy());
    await once(socket, "connect");
    const secure = await upgradeToTls(socket, {
      kind: "certificate",
      tls: settings && { wrap: true, ...settings },
      hostName,
      timeoutSeconds,
    });
    cleanups.push(() => secure.destroy());
    const [first] = (await once(secure, "data")) as [Buffer];
    return `${first.toString().trim()} ${secure.getProtocol()}`;
  }

  async function rejects(
    run: Promise<unknown>,
    type: typeof HostError,
    message: RegExp,
  ): Promise<void> {
    await assert.rejects(run, (error: Error) => {
      assert.equal(error.constructor, type, error.stack);
      assert.match(error.message, message);
      return true;
    });
  }

  it("believes a certificate of the endpoint's authority for the address that was dialled", async () => {
    const { port } = await tlsServer();
    assert.equal(await dial(port, { verify: "ca", caFile: pki.caFile }), "RFB 003.008 TLSv1.3");
  });

  it("believes it for a host name too", async () => {
    const { port } = await tlsServer({ dnsNames: ["bmc.test"] });
    await dial(port, { verify: "ca", caFile: pki.caFile }, "bmc.test");
  });

  it("refuses another authority", async () => {
    const { port } = await tlsServer();
    const run = dial(port, { verify: "ca", caFile: other.caFile });
    await rejects(run, HostCertificateInvalid, /authority that signed it is not trusted here/);
  });

  it("refuses what the system's authorities did not sign when the endpoint names none", async () => {
    const { port } = await tlsServer();
    await rejects(dial(port, { verify: "ca" }), HostCertificateInvalid, /not trusted here/);
    await rejects(dial(port, undefined), HostCertificateInvalid, /not trusted here/);
  });

  it("refuses a self-signed certificate", async () => {
    const { port } = await tlsServer({ selfSigned: true });
    const run = dial(port, { verify: "ca", caFile: pki.caFile });
    await rejects(run, HostCertificateInvalid, /^certificate: it is self-signed/);
  });

  it("refuses an expired certificate", async () => {
    const { port } = await tlsServer({ notBeforeDays: -10, notAfterDays: -1 });
    const run = dial(port, { verify: "ca", caFile: pki.caFile });
    await rejects(run, HostCertificateInvalid, /it has expired/);
  });

  it("refuses a certificate that is not valid yet", async () => {
    const { port } = await tlsServer({ notBeforeDays: 1, notAfterDays: 2 });
    const run = dial(port, { verify: "ca", caFile: pki.caFile });
    await rejects(run, HostCertificateInvalid, /it is not valid yet/);
  });

  it("refuses a certificate for another name, and names both", async () => {
    const { port } = await tlsServer({ dnsNames: ["idrac.test"], ipAddresses: ["192.0.2.10"] });
    const settings = { verify: "ca", caFile: pki.caFile } as const;
    const wanted =
      /it is for another name .*; wanted 127\.0\.0\.1, it has .*idrac\.test.*192\.0\.2\.10/;
    await rejects(dial(port, settings), HostCertificateInvalid, wanted);
    await rejects(dial(port, settings, "bmc.test"), HostCertificateInvalid, /wanted bmc\.test/);
  });

  for (const [what, request, authority] of [
    ["self-signed one", { selfSigned: true }, () => pki],
    ["one of an unknown authority", {}, () => other],
    ["one for another name", { dnsNames: ["idrac.test"], ipAddresses: [] }, () => pki],
    ["one that has expired", { notBeforeDays: -10, notAfterDays: -1 }, () => pki],
  ] as const)
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const)
      it(`names the fingerprint of a certificate it refuses, ${what} over ${maxVersion}`, async () => {
        const { port, fingerprint } = await tlsServer(request, { maxVersion });
        const run = dial(port, { verify: "ca", caFile: authority().caFile });
        const named = new RegExp(`, its SHA-256 fingerprint is ${fingerprint}(?:;|$)`);
        await rejects(run, HostCertificateInvalid, named);
      });

  it("believes the pinned certificate, whoever signed it, however old, for whatever name", async () => {
    const { port, fingerprint } = await tlsServer({
      selfSigned: true,
      notBeforeDays: -10,
      notAfterDays: -1,
      dnsNames: ["other.test"],
      ipAddresses: [],
    });
    await dial(port, { verify: "pin", fingerprint });
  });

  it("refuses any other certificate than the pinned one, and names both fingerprints", async () => {
    const { port, fingerprint } = await tlsServer();
    const pinned = "ab".repeat(32);
    const run = dial(port, { verify: "pin", fingerprint: pinned, caFile: pki.caFile });
    await rejects(
      run,
      HostCertificateInvalid,
      new RegExp(`is ${fingerprint}, pinned is ${pinned}`),
    );
  });

  it("refuses everything when the pin is missing or no fingerprint", async () => {
    const { port } = await tlsServer();
    await rejects(dial(port, { verify: "pin" }), HostCertificateInvalid, /pinned is none/);
    await rejects(dial(port, { verify: "pin", fingerprint: "zz" }), HostCertificateInvalid, /zz/);
  });

  it("believes anything when told not to verify", async () => {
    const { port } = await tlsServer({ selfSigned: true, dnsNames: ["x"], ipAddresses: [] });
    await dial(port, { verify: "none" });
  });

  it("speaks TLS 1.0 only when the endpoint asks for it", async () => {
    const { port } = await tlsServer(
      {},
      {
        minVersion: "TLSv1",
        maxVersion: "TLSv1",
        ciphers: "ALL:@SECLEVEL=0",
      },
    );
    await rejects(dial(port, { verify: "none" }), HostError, /^TLS handshake: ERR_SSL_/);
    assert.equal(await dial(port, { verify: "none", minVersion: "TLSv1" }), "RFB 003.008 TLSv1");
  });

  it("names the CA file that it cannot read", async () => {
    const { port } = await tlsServer();
    const caFile = join(pki.folder, "missing.pem");
    await rejects(
      dial(port, { verify: "ca", caFile }),
      HostCertificateInvalid,
      /cannot read the CA file: .*missing\.pem/,
    );
  });

  it("refuses a CA file without end, and one that nobody writes to, at once", async () => {
    const { port } = await tlsServer();
    const fifo = join(pki.folder, "fifo");
    execFileSync("mkfifo", [fifo]);
    for (const caFile of [fifo, "/dev/zero"])
      await rejects(
        dial(port, { verify: "ca", caFile }),
        HostCertificateInvalid,
        new RegExp(`cannot read the CA file: ${caFile} is no regular file`),
      );
  });

  it("says when the connection is gone already, and leaves none behind when a file is missing", async () => {
    const { port } = await tlsServer();
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    const options = { kind: "certificate", hostName: "127.0.0.1", timeoutSeconds: 5 } as const;
    const caFile = join(pki.folder, "missing.pem");
    const missing = upgradeToTls(socket, { ...options, tls: { wrap: true, verify: "ca", caFile } });
    await rejects(missing, HostCertificateInvalid, /cannot read the CA file/);
    assert.equal(socket.destroyed, true);
    await rejects(upgradeToTls(socket, options), HostUnreachable, /closed the connection/);
  });

  const behaviours: [what: string, act: Behaviour, type: typeof HostError, message: RegExp][] = [
    [
      "does not speak TLS",
      (socket) => socket.write("RFB 003.008\n"),
      HostError,
      /does not speak TLS here/,
    ],
    [
      "closes the connection",
      (socket) => socket.end(),
      HostUnreachable,
      /the host closed the connection/,
    ],
    [
      "resets the connection",
      (socket) => socket.resetAndDestroy(),
      HostUnreachable,
      /the host closed the connection/,
    ],
    ["is silent", () => undefined, HostTimeout, /did not finish within 0\.3 s/],
  ];
  for (const [what, act, type, message] of behaviours)
    it(`says when the host ${what}`, async () => {
      const port = await listen(
        createServer((socket) => void socket.once("data", () => act(socket))),
      );
      await rejects(dial(port, { verify: "none" }, "127.0.0.1", 0.3), type, message);
    });
});

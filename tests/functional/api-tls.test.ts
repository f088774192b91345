/** The REST service over TLS, and a certificate that is renewed while it runs. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { copyFileSync, writeFileSync } from "node:fs";
import { createServer, request as httpsRequest } from "node:https";
import { join } from "node:path";
import { connect, type PeerCertificate, type TLSSocket } from "node:tls";
import { readTlsFiles, reloadTlsFiles } from "../../common/listener-tls.ts";
import { silentLogger } from "../../common/log.ts";
import { makeTestPki, type TestPki } from "../helpers/pki.ts";
import { type ApiUnderTest, startApiUnderTest } from "../unit/api/api-under-test.ts";

describe("the api over TLS", () => {
  let pki: TestPki;
  before(() => {
    pki = makeTestPki();
  });
  after(() => pki.remove());

  const startTls = (certificate: string): Promise<ApiUnderTest> => {
    const { certFile, keyFile } = pki.issue(certificate);
    return startApiUnderTest({
      "api.enable_ssl_api": "true",
      "api.cert_file": certFile,
      "api.key_file": keyFile,
    });
  };

  it("serves https links to a client that trusts the authority", async () => {
    const api = await startTls("api");
    try {
      assert.match(api.service.url, /^https:/);
      const text = await new Promise<string>((resolve, reject) => {
        httpsRequest(`${api.service.url}/v1`, { ca: pki.caPem, agent: false }, (response) => {
          let body = "";
          response.on("data", (chunk) => (body += String(chunk)));
          response.on("end", () => resolve(body));
        })
          .on("error", reject)
          .end();
      });
      assert.ok(text.includes(`${api.service.url}/v1/`), text);
    } finally {
      await api.stop();
    }
  });

  it("does not speak TLS 1.1", async () => {
    const api = await startTls("api-old");
    try {
      const socket = connect({
        port: api.service.port,
        host: "127.0.0.1",
        ca: pki.caPem,
        maxVersion: "TLSv1.1",
        minVersion: "TLSv1",
        ciphers: "DEFAULT@SECLEVEL=0",
      });
      await assert.rejects(once(socket, "secureConnect"));
    } finally {
      await api.stop();
    }
  });

  it("names the options that are missing", async () => {
    await assert.rejects(
      startApiUnderTest({ "api.enable_ssl_api": "true" }),
      /\[api\]cert_file is required[^]*\[api\]key_file is required/,
    );
  });

  it("does not start with a key that belongs to another certificate", async () => {
    await assert.rejects(
      startApiUnderTest({
        "api.enable_ssl_api": "true",
        "api.cert_file": pki.issue("one").certFile,
        "api.key_file": pki.issue("two").keyFile,
      }),
      /cannot serve TLS with certificate/,
    );
  });
});

describe("a renewed TLS certificate", () => {
  let pki: TestPki;
  before(() => {
    pki = makeTestPki();
  });
  after(() => pki.remove());

  it("is served without a restart, and a broken one is not", async () => {
    const [old, renewed] = [pki.issue("old"), pki.issue("renewed")];
    const certFile = join(pki.folder, "live-cert.pem");
    const keyFile = join(pki.folder, "live-key.pem");
    copyFileSync(old.certFile, certFile);
    copyFileSync(old.keyFile, keyFile);
    const files = { certFile, keyFile };
    const server = createServer(readTlsFiles(files));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const swapped = nextChange(server);
    const reload = reloadTlsFiles(server, files, { log: silentLogger(), intervalMs: 20 });
    try {
      assert.equal(await servedFingerprint(server), old.fingerprint);
      writeFileSync(certFile, "garbage");
      assert.equal(reload.reload(), false);
      assert.equal(await servedFingerprint(server), old.fingerprint);
      copyFileSync(renewed.keyFile, keyFile);
      copyFileSync(renewed.certFile, certFile);
      await swapped;
      assert.equal(await servedFingerprint(server), renewed.fingerprint);
    } finally {
      reload.stop();
      server.close();
    }
  });
});

/** Resolves when the server is given another certificate. */
function nextChange(server: ReturnType<typeof createServer>): Promise<void> {
  return new Promise((resolve) => {
    const original = server.setSecureContext.bind(server);
    server.setSecureContext = (options) => {
      original(options);
      resolve();
    };
  });
}

async function servedFingerprint(server: ReturnType<typeof createServer>): Promise<string> {
  const address = server.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  const socket: TLSSocket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false });
  await once(socket, "secureConnect");
  const certificate: PeerCertificate = socket.getPeerCertificate();
  socket.destroy();
  return certificate.fingerprint256.replaceAll(":", "").toLowerCase();
}

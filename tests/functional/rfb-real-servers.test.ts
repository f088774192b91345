/**
 * The host handshake against real VNC servers of every family, right and wrong. Each server is asked for
 * its first picture afterwards, so that a login that only seems to work is found.
 */
import assert from "node:assert/strict";
import type { HostTls, SecurityTypeName } from "../../common/console-endpoint.ts";
import {
  HostCertificateInvalid,
  HostError,
  HostTimeout,
  RFBAuthHandshakeFailed,
  RFBAuthNoAvailableScheme,
} from "../../common/errors.ts";
import { Secret } from "../../common/secret.ts";
import { hostHandshake } from "../../common/rfb/host-handshake.ts";
import { readServerInit } from "../../novncproxy/rfb/server-init.ts";
import { makeTestPki, type IssuedCertificate, type TestPki } from "../helpers/pki.ts";
import { RGB888, setEncodings, setPixelFormat, updateRequest } from "../helpers/rfb-messages.ts";
import { SocketChannel } from "../helpers/socket-channel.ts";
import {
  missingForVncServer,
  startVncServer,
  type VncServer,
  type VncServerKind,
} from "../helpers/vnc-servers.ts";

const EVERY_TYPE: SecurityTypeName[] = [
  "X509Plain",
  "X509Vnc",
  "X509None",
  "TLSPlain",
  "TLSVnc",
  "TLSNone",
  "Plain",
  "VncAuth",
  "None",
];

interface Attempt {
  readonly allowed?: readonly SecurityTypeName[];
  readonly password?: string;
  readonly username?: string;
  readonly tls?: Omit<HostTls, "wrap">;
  readonly wrap?: boolean;
  readonly timeoutSeconds?: number;
}

/** Logs in, begins a session and reads the head of the first update. */
async function logIn(server: VncServer, attempt: Attempt = {}) {
  const channel = await SocketChannel.open({
    host: server.host,
    port: server.port,
    timeoutSeconds: attempt.timeoutSeconds ?? 8,
    tls: {
      wrap: attempt.wrap ?? false,
      ...(attempt.tls ?? { verify: "ca", caFile: server.caFile }),
    },
  });
  try {
    const { version, securityType } = await hostHandshake(channel, {
      allowedSecurityTypes: attempt.allowed ?? EVERY_TYPE,
      username: attempt.username ?? server.username,
      password: new Secret(attempt.password ?? server.password),
    });
    channel.write(Buffer.from([1]));
    const init = await readServerInit(channel);
    channel.write(setPixelFormat(RGB888));
    channel.write(setEncodings([0]));
    channel.write(updateRequest(false, init.width, init.height));
    const update = await channel.read("FramebufferUpdate", 4);
    assert.equal(update[0], 0, "the first message is a FramebufferUpdate");
    assert.ok(init.width > 0 && init.height > 0);
    return { version: version.stated, securityType };
  } finally {
    channel.close();
  }
}

/** Runs tests against one server, or says which program is missing. */
function describeServer(
  kind: VncServerKind,
  tests: (server: () => VncServer) => void,
  world: () => { pki: TestPki; certificate: IssuedCertificate },
): void {
  describe(kind, () => {
    let server: VncServer | undefined;
    before(async function () {
      this.timeout(30_000);
      if (missingForVncServer(kind).length > 0) this.skip();
      const { pki, certificate } = world();
      server = await startVncServer({ kind, pki, certificate });
    });
    after(() => server?.stop());
    tests(() => {
      assert.ok(server);
      return server;
    });
  });
}

async function refuses(
  run: Promise<unknown>,
  type: typeof HostError,
  message: RegExp,
): Promise<void> {
  await assert.rejects(run, (error: Error) => {
    assert.equal(error.constructor, type, error.stack);
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /vncpass1|wrong-one/);
    return true;
  });
}

describe("host handshake with real servers", function () {
  this.timeout(20_000);
  let pki: TestPki;
  let other: TestPki;
  let certificate: IssuedCertificate;
  const world = () => ({ pki, certificate });
  before(() => {
    pki = makeTestPki();
    certificate = pki.issue("server");
    other = makeTestPki();
  });
  after(() => {
    pki.remove();
    other.remove();
  });

  /** Kind, what is agreed on, and what the server says of a wrong password (undefined: it has none). */
  const families: [kind: VncServerKind, type: SecurityTypeName, version: string, wrong?: RegExp][] =
    [
      ["xvnc-none", "None", "003.008"],
      ["xvnc-vncauth", "VncAuth", "003.008", /the VncAuth login: Authentication failure$/],
      ["xvnc-tlsnone", "TLSNone", "003.008"],
      ["xvnc-tlsvnc", "TLSVnc", "003.008", /the TLSVnc login: Authentication failure$/],
      ["xvnc-x509none", "X509None", "003.008"],
      ["xvnc-x509vnc", "X509Vnc", "003.008", /the X509Vnc login: Authentication failure$/],
      ["xvnc-plain", "Plain", "003.008", /the Plain login: /],
      ["xvnc-tlsplain", "TLSPlain", "003.008", /the TLSPlain login: /],
      ["xvnc-x509plain", "X509Plain", "003.008", /the X509Plain login: /],
      ["qemu-none", "None", "003.008"],
      ["qemu-vncauth", "VncAuth", "003.008", /the VncAuth login: Authentication failed$/],
      ["qemu-tlsnone", "TLSNone", "003.008"],
      ["qemu-tlsvnc", "TLSVnc", "003.008", /the TLSVnc login: Authentication failed$/],
      ["qemu-x509none", "X509None", "003.008"],
      ["qemu-x509vnc", "X509Vnc", "003.008", /the X509Vnc login: Authentication failed$/],
      ["libvnc-none", "None", "003.008"],
      ["libvnc-vncauth", "VncAuth", "003.008", /the VncAuth login: password check failed!$/],
      ["libvnc-33", "VncAuth", "003.003", /the VncAuth login: no reason given$/],
    ];
  for (const [kind, type, version, wrong] of families)
    describeServer(
      kind,
      (server) => {
        it(`is logged in to with ${type}`, async () => {
          assert.deepEqual(await logIn(server()), { version, securityType: type });
        });
        if (wrong)
          it("refuses a wrong password, and its reason is quoted", async () => {
            await refuses(
              logIn(server(), { password: "wrong-one" }),
              RFBAuthHandshakeFailed,
              wrong,
            );
          });
        if (type.startsWith("X509")) {
          it("is refused when another authority signed its certificate", async () => {
            const attempt = logIn(server(), { tls: { verify: "ca", caFile: other.caFile } });
            await refuses(attempt, HostCertificateInvalid, /not trusted here/);
          });
          it("is logged in to by its pinned certificate, and by no other", async () => {
            const { fingerprint } = server().certificate;
            await logIn(server(), { tls: { verify: "pin", fingerprint } });
            const attempt = logIn(server(), {
              tls: { verify: "pin", fingerprint: "0".repeat(64) },
            });
            await refuses(attempt, HostCertificateInvalid, new RegExp(fingerprint));
          });
        }
        it("is not logged in to with a type that the endpoint does not list", async () => {
          const allowed = EVERY_TYPE.filter((one) => one !== type);
          await refuses(
            logIn(server(), { allowed }),
            RFBAuthNoAvailableScheme,
            /no usable security type/,
          );
        });
      },
      world,
    );

  describeServer(
    "xvnc-many",
    (server) => {
      for (const type of ["None", "VncAuth", "TLSVnc", "X509Vnc"] as const)
        it(`is logged in to with ${type} when the endpoint prefers that`, async () => {
          const allowed = [type, ...EVERY_TYPE.filter((one) => one !== type)];
          assert.equal((await logIn(server(), { allowed })).securityType, type);
        });
      it("ignores what is beyond eight characters of a password", async () => {
        await logIn(server(), { allowed: ["VncAuth"], password: "vncpass1XYZ" });
      });
    },
    world,
  );

  for (const kind of ["tlswrap-vncauth", "x11vnc-ssl"] as const)
    describeServer(
      kind,
      (server) => {
        it("is logged in to with TLS from the first byte", async () => {
          const result = await logIn(server(), { wrap: true });
          assert.equal(result.securityType, "VncAuth");
        });
        it("refuses a wrong password", async () => {
          const attempt = logIn(server(), { wrap: true, password: "wrong-one" });
          await refuses(attempt, RFBAuthHandshakeFailed, /the host refused the VncAuth login/);
        });
        it("is refused when another authority signed its certificate", async () => {
          const attempt = logIn(server(), {
            wrap: true,
            tls: { verify: "ca", caFile: other.caFile },
          });
          await refuses(attempt, HostCertificateInvalid, /not trusted here/);
        });
        it("is refused when another certificate is pinned", async () => {
          const tls = { verify: "pin", fingerprint: "0".repeat(64) } as const;
          await refuses(
            logIn(server(), { wrap: true, tls }),
            HostCertificateInvalid,
            /fingerprint/,
          );
        });
      },
      world,
    );

  describeServer(
    "tlswrap-tls10",
    (server) => {
      it("is logged in to when the endpoint allows TLS 1.0", async () => {
        const tls = { verify: "none", minVersion: "TLSv1" } as const;
        assert.equal((await logIn(server(), { wrap: true, tls })).securityType, "VncAuth");
      });
      it("is refused when it does not", async () => {
        const attempt = logIn(server(), { wrap: true, tls: { verify: "none" } });
        await refuses(attempt, HostError, /^TLS handshake: /);
      });
    },
    world,
  );

  describeServer(
    "x11vnc-vncauth",
    (server) => {
      it("is logged in to", async () => {
        assert.equal((await logIn(server())).securityType, "VncAuth");
      });
      it("is a plain server to which TLS cannot be wrapped", async () => {
        const attempt = logIn(server(), { wrap: true, timeoutSeconds: 2 });
        await assert.rejects(attempt, (error: Error) => {
          assert.ok(error instanceof HostError);
          assert.match(error.message, /^TLS handshake: /);
          return true;
        });
      });
    },
    world,
  );

  it("says that a machine which waits for TLS sent no ProtocolVersion in time", async function () {
    if (missingForVncServer("tlswrap-vncauth").length > 0) this.skip();
    const server = await startVncServer({ kind: "tlswrap-vncauth", pki, certificate });
    try {
      await refuses(logIn(server, { timeoutSeconds: 0.5 }), HostTimeout, /^ProtocolVersion: /);
    } finally {
      await server.stop();
    }
  });
});

import assert from "node:assert/strict";
import { SerialFarSide } from "../../../fakes/serial-far-side.ts";
import { FakeViewer } from "../../../fakes/serial-viewer.ts";
import { storedEndpoint } from "../../../helpers/novncproxy-world.ts";
import { makeTestPki } from "../../../helpers/pki.ts";
import { LINE_NODE, lineEnvironment, lineTo } from "../../../helpers/serial-line.ts";
import { until } from "../../../helpers/until.ts";

describe("a serial line over TLS", () => {
  const pki = makeTestPki();
  after(() => pki.remove());
  const server = pki.issue("socat", { selfSigned: true });
  const client = pki.issue("proxy", { selfSigned: true });

  const endpoint = (
    far: SerialFarSide,
    environment: ReturnType<typeof lineEnvironment>,
    options: { fingerprint?: string; withClient?: boolean } = {},
  ) =>
    storedEndpoint(LINE_NODE, environment.secretBox, {
      transport: far.transport,
      tls: { wrap: true, verify: "pin", fingerprint: options.fingerprint ?? server.fingerprint },
      serial: { dialect: "ipmitool", hold: "always" },
      ...(options.withClient !== false && {
        client: { certificate: client.certPem, key: client.keyPem },
      }),
    });
  const start = (): Promise<SerialFarSide> =>
    SerialFarSide.start({
      tls: {
        cert: server.certPem,
        key: server.keyPem,
        requestCert: true,
        rejectUnauthorized: false,
      },
      clientFingerprint: client.fingerprint,
    });

  it("shows the client's certificate and believes the pinned one", async () => {
    const far = await start();
    const environment = lineEnvironment();
    const { line } = lineTo(endpoint(far, environment), environment);
    const viewer = new FakeViewer();
    line.attach(viewer);
    await until(() => line.status.state === "connected", "connected line");
    line.type(viewer, Buffer.from("ls\r"));
    await until(() => far.typed === "ls\r", "typed text");
    line.close();
    await far.stop();
  });

  for (const [what, options, detail] of [
    ["another certificate is shown", { fingerprint: "ab".repeat(32) }, /pinned is abab/],
    ["it has no certificate to show", { withClient: false }, /./],
  ] as const)
    it(`does not come up when ${what}`, async () => {
      const far = await start();
      const environment = lineEnvironment();
      const { line } = lineTo(endpoint(far, environment, options), environment);
      line.attach(new FakeViewer());
      await until(() => line.status.state === "reconnecting", "failed line");
      assert.match(line.status.detail!, detail);
      assert.equal(far.connected, 0);
      line.close();
      await far.stop();
    });
});

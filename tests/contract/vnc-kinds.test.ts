import assert from "node:assert/strict";
import { once } from "node:events";
import {
  BmcAuthenticationFailed,
  BmcCertificateInvalid,
  BmcFeatureMissing,
} from "../../common/errors.ts";
import { Secret } from "../../common/secret.ts";
import type { DriverInfo } from "../../drivers/base.ts";
import vncDriver from "../../drivers/vnc/console.ts";
import { fakeTask } from "../../drivers/testing/fake-task.ts";
import { holdVncScreen, vncLoginResult } from "../helpers/vnc-login.ts";
import {
  missingForVncServer,
  startVncServer,
  type VncServer,
  type VncServerKind,
} from "../helpers/vnc-servers.ts";

const driver = vncDriver.create(fakeTask());

/** Kind, and what driver_info needs beside address, port and password. */
const KINDS: readonly (readonly [VncServerKind, (server: VncServer) => DriverInfo])[] = [
  ["xvnc-none", () => ({})],
  ["xvnc-vncauth", () => ({})],
  ["xvnc-tlsnone", () => ({})],
  ["xvnc-tlsvnc", () => ({})],
  ["xvnc-x509none", (server) => ({ vnc_verify_ca: server.caFile })],
  ["xvnc-x509vnc", (server) => ({ vnc_verify_ca: server.caFile })],
  ["xvnc-x509plain", (server) => ({ vnc_verify_ca: server.caFile, vnc_username: server.username })],
  ["qemu-vncauth", () => ({})],
  ["tlswrap-vncauth", (server) => ({ vnc_tls: "wrap", vnc_verify_ca: server.caFile })],
  ["tlswrap-tls10", () => ({ vnc_tls: "wrap", vnc_verify_ca: false, vnc_tls_min_version: "1.0" })],
  ["libvnc-33", () => ({})],
];

describe("starting the vnc console of a real VNC server", function suite() {
  this.timeout(30_000);

  for (const [kind, more] of KINDS)
    describe(kind, () => {
      let server: VncServer;
      before(async function start() {
        if (missingForVncServer(kind).length > 0) this.skip();
        server = await startVncServer({ kind, password: "secret12" });
      });
      after(async () => await server?.stop());

      const start = async (changes: DriverInfo = {}) => {
        const wantsPassword = !/none/.test(kind);
        const password = wantsPassword ? { vnc_password: new Secret(server.password) } : {};
        const at = { vnc_address: server.host, vnc_port: server.port };
        const driverInfo = { ...at, ...password, ...more(server), ...changes };
        return await driver.startConsole(fakeTask({ driverInfo }));
      };

      it("succeeds with the right credentials", async () => {
        const endpoint = await start();
        assert.deepEqual(endpoint.transport, { kind: "tcp", host: server.host, port: server.port });
      });

      if (!/none/.test(kind))
        it("fails with a wrong password", async () => {
          const wrong = start({ vnc_password: new Secret("wrong+12") });
          await assert.rejects(wrong, BmcAuthenticationFailed);
        });

      if (/x509|tlswrap-vncauth/.test(kind))
        it("fails when the certificate is not the pinned one", async () => {
          const wrong = start({ vnc_tls_fingerprint: "00".repeat(32) });
          await assert.rejects(wrong, BmcCertificateInvalid);
        });
    });

  describe("that locks out who fails too often", () => {
    let server: VncServer;
    before(async function start() {
      if (missingForVncServer("xvnc-vncauth").length > 0) this.skip();
      const extraArgs = ["-BlacklistThreshold", "5", "-BlacklistTimeout", "60"];
      server = await startVncServer({ kind: "xvnc-vncauth", password: "secret12", extraArgs });
    });
    after(async () => await server?.stop());

    it("never gets the tenants locked out, however often its health is checked", async () => {
      const driverInfo = {
        vnc_address: server.host,
        vnc_port: server.port,
        vnc_password: new Secret("secret12"),
      };
      const endpoint = await driver.startConsole(fakeTask({ driverInfo }));
      for (let check = 0; check < 20; check += 1)
        await driver.checkConsole?.(fakeTask({ driverInfo, endpoint }));
      assert.equal(await vncLoginResult({ host: server.host, port: server.port }, "secret12"), 0);
    });
  });

  describe("that has room for one viewer only", () => {
    let server: VncServer;
    before(async function start() {
      if (missingForVncServer("xvnc-vncauth").length > 0) this.skip();
      const extraArgs = ["-AlwaysShared=0", "-NeverShared", "-DisconnectClients=0"];
      server = await startVncServer({ kind: "xvnc-vncauth", password: "secret12", extraArgs });
    });
    after(async () => await server?.stop());

    it("is found well while that viewer is there, and the viewer stays", async () => {
      const driverInfo = {
        vnc_address: server.host,
        vnc_port: server.port,
        vnc_password: new Secret("secret12"),
      };
      const endpoint = await driver.startConsole(fakeTask({ driverInfo }));
      const viewer = await holdVncScreen({ host: server.host, port: server.port }, "secret12");
      try {
        await driver.checkConsole?.(fakeTask({ driverInfo, endpoint }));
        // FramebufferUpdateRequest, answered only while the viewer is connected.
        viewer.write(Buffer.from([3, 0, 0, 0, 0, 0, 0, 8, 0, 8]));
        const [update] = (await once(viewer, "readable").then(() => [viewer.read(1)])) as [Buffer];
        assert.deepEqual(update, Buffer.from([0]));
      } finally {
        viewer.destroy();
      }
    });
  });

  describe("whose security types are not allowed", () => {
    let server: VncServer;
    before(async function start() {
      if (missingForVncServer("xvnc-none").length > 0) this.skip();
      server = await startVncServer({ kind: "xvnc-none" });
    });
    after(async () => await server?.stop());

    it("fails and says what is on offer", async () => {
      const driverInfo = {
        vnc_address: server.host,
        vnc_port: server.port,
        vnc_password: new Secret("secret12"),
      };
      await assert.rejects(
        driver.startConsole(fakeTask({ driverInfo })),
        (error) => error instanceof BmcFeatureMissing && /offers/.test(error.message),
      );
    });
  });
});

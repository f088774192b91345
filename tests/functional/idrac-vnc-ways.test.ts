import assert from "node:assert/strict";
import {
  BmcBusy,
  BmcCertificateInvalid,
  BmcFeatureMissing,
  BmcProtocolError,
  BmcTimeout,
  BmcUnreachable,
  ConsoleError,
} from "../../common/errors.ts";
import type { ConsoleEndpoint, DriverInfo } from "../../drivers/base.ts";
import { fakeTask, type FakeTask } from "../../drivers/testing/fake-task.ts";
import { IdracBench, passwordOf, placeOf, QUICK } from "../helpers/idrac-bench.ts";
import { freePort } from "../helpers/server-process.ts";
import { startSilentServer } from "../helpers/silent-server.ts";
import { vncLoginResult } from "../helpers/vnc-login.ts";

describe("idrac-vnc and the ways to an iDRAC", function suite() {
  this.timeout(30_000);
  const bench = new IdracBench();
  bench.declareHooks();

  /** Names the certificate that the simulated iDRAC shows, and the option to pin it by. */
  function pins(option: string): RegExp {
    const { fingerprint } = bench.idrac.certificate;
    return new RegExp(`SHA-256 fingerprint is ${fingerprint}.*; .*set ${option} to it$`);
  }

  describe("choosing the transport", () => {
    it("uses racadm by itself when Redfish has no attributes, and knows an old iDRAC by it", async () => {
      bench.idrac.behaviour.attributesAt = "nowhere";
      const endpoint = await bench.start();
      assert.equal(await vncLoginResult(placeOf(endpoint), passwordOf(endpoint)), 0);
      assert.equal(endpoint.quirks?.pixelFormat, "rgb555");
      assert.deepEqual(endpoint.quirks?.encodings, [0, 1, -223]);
      await bench.stop();
      bench.assertUnchanged();
    });

    it("uses racadm by itself when there is no Redfish at all", async () => {
      bench.idrac.behaviour.attributesAt = "no-redfish";
      await bench.start();
      assert.ok(bench.idrac.racadm.commands.length > 0);
    });

    it("says what it needs for racadm when no host key is trusted", async () => {
      bench.idrac.behaviour.attributesAt = "nowhere";
      const { idrac_ssh_host_key_fingerprint: _pin, ...rest } = bench.idrac.driverInfo;
      await assert.rejects(
        bench.driver().startConsole(fakeTask({ driverInfo: rest, memo: bench.memo })),
        (error) => error instanceof BmcFeatureMissing && /host_key_fingerprint/.test(error.message),
      );
      assert.deepEqual(bench.idrac.racadm.commands, []);
    });

    for (const [at, expected] of [
      ["both", "/Oem/Dell/DellAttributes/Manager-7"],
      ["Attributes", "/redfish/v1/Managers/Manager-7/Attributes"],
    ] as const)
      it(`finds the attributes of a manager of any name at ${at}`, async () => {
        Object.assign(bench.idrac.behaviour, { attributesAt: at, managerId: "Manager-7" });
        await bench.start();
        const patches = bench.idrac.redfish.requests.filter((line) => line.startsWith("PATCH"));
        assert.ok(patches.length > 0 && patches.every((line) => line.endsWith(expected)));
      });

    it("leaves a new iDRAC's pixel format alone and holds an iDRAC8 to 16 bits", async () => {
      assert.equal((await bench.start()).quirks?.pixelFormat, "native");
      bench.idrac.behaviour.model = "13G Monolithic";
      assert.equal((await bench.start()).quirks?.pixelFormat, "rgb555");
    });
  });

  describe("over Redfish", () => {
    it("calls a full session table busy", async () => {
      bench.idrac.behaviour.sessionTableFull = true;
      await assert.rejects(
        bench.start(),
        (error) => error instanceof BmcBusy && /session/.test(error.message),
      );
    });

    it("sets its values also when somebody else wrote in between", async () => {
      bench.idrac.behaviour.staleEtags = true;
      const endpoint = await bench.start();
      assert.equal(await vncLoginResult(placeOf(endpoint), passwordOf(endpoint)), 0);
    });

    it("logs in and out when told to use sessions", async () => {
      await bench.start({ redfish_auth_type: "session" });
      assert.ok(bench.idrac.redfish.requests.some((line) => /^POST .*Sessions$/.test(line)));
      assert.equal(bench.idrac.redfish.sessions.size, 0);
    });

    it("logs out after a failure too", async () => {
      bench.idrac.behaviour.staysClosed = true;
      const session = bench.task({ redfish_auth_type: "session" });
      await assert.rejects(bench.driver(QUICK).startConsole(session), BmcTimeout);
      assert.equal(bench.idrac.redfish.sessions.size, 0);
    });

    it("does not talk to an iDRAC with another certificate than the pinned one", async () => {
      const pin = "ab".repeat(32);
      await assert.rejects(
        bench.start({ redfish_tls_fingerprint: pin }),
        (error) =>
          error instanceof BmcCertificateInvalid &&
          pins("redfish_tls_fingerprint").test(error.message),
      );
      assert.deepEqual(bench.idrac.redfish.requests, []);
    });

    it("does not talk to an iDRAC whose certificate nobody signed unless told so", async () => {
      const { redfish_tls_fingerprint: _pin, ...rest } = bench.idrac.driverInfo;
      const by = (more: DriverInfo): FakeTask =>
        fakeTask({ driverInfo: { ...rest, ...more }, memo: bench.memo });
      await assert.rejects(
        bench.driver().startConsole(by({})),
        (error) =>
          error instanceof BmcCertificateInvalid &&
          pins("redfish_tls_fingerprint").test(error.message),
      );
      assert.deepEqual(bench.idrac.redfish.requests, []);
      await bench
        .driver()
        .startConsole(by({ redfish_verify_ca: bench.idrac.certificate.certFile }));
      await bench.driver().startConsole(by({ redfish_verify_ca: false }));
    });

    it("names the fingerprint of a VNC port that is not trusted, and the option for it", async () => {
      const wrong = { idrac_vnc_tls: "wrap", idrac_vnc_tls_fingerprint: "ab".repeat(32) };
      await assert.rejects(
        bench.start(wrong),
        (error) =>
          error instanceof BmcCertificateInvalid &&
          pins("idrac_vnc_tls_fingerprint").test(error.message),
      );
      bench.assertUnchanged();
    });

    it("says that the authorities' file cannot be read", async () => {
      const { redfish_tls_fingerprint: _pin, ...rest } = bench.idrac.driverInfo;
      const driverInfo = { ...rest, redfish_verify_ca: "/nowhere/ca.pem" };
      await assert.rejects(
        bench.driver().startConsole(fakeTask({ driverInfo, memo: bench.memo })),
        (error) =>
          error instanceof BmcCertificateInvalid &&
          /nowhere/.test(error.message) &&
          !/fingerprint/.test(error.message),
      );
    });

    it("does not follow a link to another host", async () => {
      const other = await startSilentServer();
      try {
        bench.idrac.behaviour.redirectTo = `https://127.0.0.1:${other.port}/redfish/v1/Managers`;
        await assert.rejects(bench.start(), BmcProtocolError);
      } finally {
        await other.stop();
      }
    });

    it("does not follow links in a circle", async () => {
      bench.idrac.behaviour.redirectTo = "/redfish/v1/Managers";
      await assert.rejects(bench.start(), BmcProtocolError);
      assert.ok(bench.idrac.redfish.requests.length < 10);
    });

    it("refuses an answer that is too long", async () => {
      bench.idrac.behaviour.hugeAnswer = 5 * 1024 * 1024;
      await assert.rejects(bench.start(), BmcProtocolError);
    });

    it("refuses an answer that is no JSON", async () => {
      bench.idrac.behaviour.notJson = true;
      await assert.rejects(bench.start(), BmcProtocolError);
    });

    it("names an iDRAC that is not there", async () => {
      const port = await freePort();
      await assert.rejects(
        bench.start({ redfish_address: `127.0.0.1:${port}` }),
        (error) => error instanceof BmcUnreachable && error.message.includes(`127.0.0.1:${port}`),
      );
    });
  });

  describe("over racadm", () => {
    const by = { idrac_transport: "racadm" };

    it("answers an SSH server that asks for the password by keyboard only", async () => {
      bench.idrac.behaviour.keyboardOnly = true;
      await bench.start(by);
    });

    it("reads answers behind warnings", async () => {
      bench.idrac.behaviour.preamble =
        "SEC0701: Warning: Default username and password are in use.\r\n";
      await bench.start(by);
    });

    it("sends no password to a host with another key than the pinned one", async () => {
      const pin = `SHA256:${"A".repeat(43)}`;
      await assert.rejects(
        bench.start({ ...by, idrac_ssh_host_key_fingerprint: pin }),
        (error) =>
          error instanceof BmcCertificateInvalid &&
          error.message.includes(bench.idrac.racadm.hostKeyFingerprint),
      );
      assert.deepEqual(bench.idrac.racadm.commands, []);
    });

    it("remembers the first host key when told so, beyond stop, and refuses another", async () => {
      const { idrac_ssh_host_key_fingerprint: _pin, ...rest } = bench.idrac.driverInfo;
      const driverInfo = { ...rest, ...by, idrac_ssh_host_key_policy: "first-use" };
      const first = (): FakeTask => fakeTask({ driverInfo, memo: bench.memo });
      await bench.driver().startConsole(first());
      await bench.driver().stopConsole(first());
      assert.deepEqual(bench.memo.get(), { sshHostKey: bench.idrac.racadm.hostKeyFingerprint });
      await bench.memo.set({ sshHostKey: `SHA256:${"A".repeat(43)}` });
      await assert.rejects(bench.driver().startConsole(first()), BmcCertificateInvalid);
    });

    it("calls an SSH server without free sessions busy", async () => {
      bench.idrac.behaviour.sshSessionsFull = true;
      await assert.rejects(bench.start(by), BmcBusy);
    });

    it("ends promptly when aborted during a command that never ends", async () => {
      bench.idrac.behaviour.silentRacadm = true;
      const abort = new AbortController();
      const failed = assert.rejects(
        bench.driver().startConsole(bench.task(by, abort.signal)),
        ConsoleError,
      );
      while (bench.idrac.racadm.commands.length === 0)
        await new Promise((resolve) => setImmediate(resolve));
      abort.abort();
      await failed;
    });
  });

  describe("checking a running console", () => {
    const check = async (endpoint: ConsoleEndpoint): Promise<void> => {
      const { driverInfo } = bench.task().node;
      await bench.driver(QUICK).checkConsole(fakeTask({ driverInfo, memo: bench.memo, endpoint }));
    };

    it("asks the port only while it answers", async () => {
      const endpoint = await bench.start();
      bench.idrac.redfish.requests.length = 0;
      await check(endpoint);
      assert.deepEqual(bench.idrac.redfish.requests, []);
    });

    it("says that somebody switched the server off", async () => {
      const endpoint = await bench.start();
      await bench.idrac.attributes.write({ Enable: "Disabled" }, "racadm");
      await assert.rejects(check(endpoint), (error) => /switched off/.test(String(error)));
    });

    it("takes a port that a viewer keeps silent for well", async () => {
      const endpoint = await bench.start();
      bench.idrac.behaviour.staysClosed = true;
      await bench.idrac.vnc.close();
      bench.idrac.attributes.activeSessions = 1;
      await check(endpoint);
      bench.idrac.attributes.activeSessions = 0;
      await assert.rejects(check(endpoint), BmcUnreachable);
    });
  });
});

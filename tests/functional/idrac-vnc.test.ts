import assert from "node:assert/strict";
import {
  BmcAuthenticationFailed,
  BmcFeatureMissing,
  BmcProtocolError,
  BmcTimeout,
  BmcUnreachable,
  ConsoleError,
} from "../../common/errors.ts";
import { Secret } from "../../common/secret.ts";
import { tryRfbLogin } from "../../drivers/lib/rfb-login.ts";
import { FakeMemo } from "../../drivers/testing/fake-task.ts";
import { printed } from "../../drivers/testing/watch.ts";
import { IdracBench, passwordOf, placeOf, QUICK } from "../helpers/idrac-bench.ts";
import { freePort } from "../helpers/server-process.ts";
import { vncLoginResult } from "../helpers/vnc-login.ts";

describe("idrac-vnc before a simulated iDRAC with a real Xvnc", function suite() {
  this.timeout(30_000);
  const bench = new IdracBench();
  bench.declareHooks();

  for (const transport of ["redfish", "racadm"] as const)
    describe(`over ${transport}`, () => {
      const by = { idrac_transport: transport };

      it("sets a password that logs in to the VNC server, and no other one does", async () => {
        const endpoint = await bench.start(by);
        assert.equal(await vncLoginResult(placeOf(endpoint), passwordOf(endpoint)), 0);
        assert.equal(await vncLoginResult(placeOf(endpoint), "Wrong+1x"), 1);
        assert.deepEqual(endpoint.allowedSecurityTypes, ["VncAuth"]);
      });

      it("makes a new password at every start and remembers what it found first", async () => {
        const first = await bench.start(by);
        const second = await bench.start(by);
        assert.notEqual(passwordOf(first), passwordOf(second));
        assert.equal(await vncLoginResult(placeOf(second), passwordOf(second)), 0);
        await bench.stop(by);
        bench.assertUnchanged();
      });

      it("uses the operator's password, port and time-out when given", async () => {
        const port = await freePort();
        const own = { vnc_password: new Secret("Own+pw12"), idrac_vnc_port: port };
        const endpoint = await bench.start({ ...by, ...own, idrac_vnc_timeout: "600" });
        assert.equal(placeOf(endpoint).port, port);
        assert.equal(bench.idrac.attributes.timeout, 600);
        assert.equal(await vncLoginResult(placeOf(endpoint), "Own+pw12"), 0);
        await bench.driver().stopConsole(bench.task({ ...by, ...own }));
        bench.assertUnchanged();
      });

      it("switches TLS on when told so and judges its certificate", async () => {
        const endpoint = await bench.start({ ...by, idrac_vnc_tls: "wrap" });
        assert.deepEqual(endpoint.tls, {
          wrap: true,
          verify: "pin",
          fingerprint: bench.idrac.certificate.fingerprint,
        });
        const at = { ...placeOf(endpoint), tls: true };
        assert.equal(await vncLoginResult(at, passwordOf(endpoint)), 0);
        await bench.driver().stopConsole(bench.task({ ...by, idrac_vnc_tls: "wrap" }));
        bench.assertUnchanged();
      });

      it("finds VeNCrypt where the firmware encrypts inside RFB", async () => {
        bench.idrac.behaviour.tlsInBand = true;
        const endpoint = await bench.start({ ...by, idrac_vnc_tls: "wrap" });
        assert.equal(endpoint.tls?.wrap, false);
        assert.deepEqual(endpoint.allowedSecurityTypes, ["X509Vnc"]);
        await tryRfbLogin(endpoint, { signal: new AbortController().signal, limitMs: 5000 });
      });

      it("switches TLS off when it was on and on again at stop", async () => {
        bench.idrac.attributes.ssl = 4;
        bench.noteAttributes();
        const endpoint = await bench.start(by);
        assert.equal(await vncLoginResult(placeOf(endpoint), passwordOf(endpoint)), 0);
        await bench.stop(by);
        bench.assertUnchanged();
      });

      it("sets numbers where the firmware refuses words", async () => {
        bench.idrac.behaviour.forms = "numbers";
        bench.noteAttributes();
        const endpoint = await bench.start(by);
        assert.equal(await vncLoginResult(placeOf(endpoint), passwordOf(endpoint)), 0);
        await bench.stop(by);
        bench.assertUnchanged();
      });

      it("leaves a server on that was on before, and says that its password is another", async () => {
        await bench.idrac.attributes.write({ Password: "Before+1", Enable: "Enabled" }, "racadm");
        bench.noteAttributes();
        await bench.start(by);
        const stopping = bench.task(by);
        await bench.driver().stopConsole(stopping);
        bench.assertUnchanged();
        assert.match(stopping.logged(), /old password cannot be put back/);
      });

      it("switches the server off and on when its port stays closed", async () => {
        bench.idrac.behaviour.needsToggle = true;
        const endpoint = await bench
          .driver({ ...QUICK, openMs: 2000 })
          .startConsole(bench.task(by));
        assert.equal(bench.idrac.attributes.toggles, 1);
        assert.equal(await vncLoginResult(placeOf(endpoint), passwordOf(endpoint)), 0);
      });

      it("names the port that stays closed, and puts everything back", async () => {
        bench.idrac.behaviour.staysClosed = true;
        await assert.rejects(
          bench.driver(QUICK).startConsole(bench.task(by)),
          (error) =>
            error instanceof BmcTimeout &&
            error.message.includes(`:${bench.idrac.attributes.port}`),
        );
        bench.assertUnchanged();
      });

      it("takes a port that says nothing for closed, and puts everything back", async () => {
        bench.idrac.behaviour.silentVnc = true;
        await assert.rejects(bench.driver(QUICK).startConsole(bench.task(by)), BmcTimeout);
        bench.assertUnchanged();
      });

      it("puts everything back when the start is aborted while it waits for the port", async () => {
        bench.idrac.behaviour.staysClosed = true;
        const abort = new AbortController();
        const starting = bench.driver().startConsole(bench.task(by, abort.signal));
        const failed = assert.rejects(starting, ConsoleError);
        while (!bench.idrac.attributes.enabled)
          await new Promise((resolve) => setImmediate(resolve));
        abort.abort();
        await failed;
        bench.assertUnchanged();
      });

      it("remembers what it found before it changes anything", async () => {
        const original = bench.idrac.attributes.write.bind(bench.idrac.attributes);
        let rememberedAtFirstWrite: unknown;
        bench.idrac.attributes.write = async (values, form) => {
          rememberedAtFirstWrite ??= bench.memo.get();
          await original(values, form);
        };
        try {
          await bench.start(by);
        } finally {
          bench.idrac.attributes.write = original;
        }
        const { found } = rememberedAtFirstWrite as { found: Record<string, unknown> };
        assert.equal(String(found["Port"]), String(bench.idrac.attributes.port));
        assert.match(String(found["Enable"]), /Disabled/);
      });

      it("undoes at stop what a process killed in the middle of a start left", async () => {
        await bench.start(by);
        // All that survives a kill -9 is the bench.memo.
        const survivor = new FakeMemo();
        await survivor.set(bench.memo.get());
        bench.memo = survivor;
        await bench.stop(by);
        bench.assertUnchanged();
      });

      it("fails to authenticate by a wrong password and tells neither it nor the VNC password", async () => {
        const wrong = bench.task({ ...by, redfish_password: new Secret("not-calvin") });
        await assert.rejects(
          bench.driver().startConsole(wrong),
          (error) =>
            error instanceof BmcAuthenticationFailed && !printed(error).includes("not-calvin"),
        );
        assert.ok(!wrong.logged().includes("not-calvin"));
        bench.assertUnchanged();
      });

      it("names the licence when the attributes are missing", async () => {
        bench.idrac.behaviour.licensed = false;
        await assert.rejects(
          bench.start(by),
          (error) => error instanceof BmcFeatureMissing && /licence/.test(error.message),
        );
      });

      it("refuses a password the iDRAC does not take, without repeating it", async () => {
        const own = bench.task({ ...by, vnc_password: new Secret("simple12") });
        await assert.rejects(
          bench.driver().startConsole(own),
          (error) =>
            error instanceof BmcProtocolError &&
            error.message.includes("Password") &&
            !printed(error).includes("simple12"),
        );
        assert.ok(!own.logged().includes("simple12"));
        bench.assertUnchanged();
      });

      it("notices that the iDRAC did not take the port", async () => {
        bench.idrac.behaviour.swallowsPort = true;
        await assert.rejects(
          bench.start({ ...by, idrac_vnc_port: await freePort() }),
          (error) => error instanceof BmcProtocolError && /VNCServer\.1\.Port/.test(error.message),
        );
        bench.assertUnchanged();
      });

      it("keeps what it remembers when the iDRAC is away at stop, for the next stop", async () => {
        await bench.start(by);
        const away = { ...by, redfish_address: `127.0.0.1:${await freePort()}` };
        const alone = { ...away, idrac_ssh_port: await freePort() };
        await assert.rejects(bench.driver().stopConsole(bench.task(alone)), BmcUnreachable);
        await bench.stop(by);
        bench.assertUnchanged();
      });
    });
});

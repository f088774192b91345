import assert from "node:assert/strict";
import { loadConfig } from "../../common/config/load.ts";
import { BmcTimeout } from "../../common/errors.ts";
import type { DriverInfo } from "../../drivers/base.ts";
import idracVnc from "../../drivers/idrac-vnc/console.ts";
import redfishManagement from "../../drivers/redfish/management.ts";
import redfishPower from "../../drivers/redfish/power.ts";
import { fakeTask, type FakeTask } from "../../drivers/testing/fake-task.ts";
import { IdracBench } from "../helpers/idrac-bench.ts";
import { startSilentServer, type SilentServer } from "../helpers/silent-server.ts";

describe("the time-outs of [idrac]", function suite() {
  this.timeout(10_000);
  const bench = new IdracBench();
  bench.declareHooks();
  let silent: SilentServer;
  before(async () => {
    silent = await startSilentServer();
  });
  after(async () => await silent?.stop());

  function task(seconds: { connect: number; vncStart: number }, more: DriverInfo): FakeTask {
    const idrac = { connect_timeout: seconds.connect, vnc_start_timeout: seconds.vncStart };
    return fakeTask({
      driverInfo: { ...bench.idrac.driverInfo, ...more },
      memo: bench.memo,
      config: { ...loadConfig(), idrac },
    });
  }

  describe("connect_timeout", () => {
    const toSilence = (): FakeTask =>
      task(
        { connect: 0.2, vncStart: 600 },
        { redfish_address: `127.0.0.1:${silent.port}`, idrac_ssh_port: silent.port },
      );
    const overSsh = (): FakeTask =>
      task(
        { connect: 0.2, vncStart: 600 },
        { idrac_transport: "racadm", idrac_ssh_port: silent.port },
      );

    for (const [what, run] of [
      [
        "a Redfish request of idrac-vnc",
        () => idracVnc.create(toSilence()).startConsole(toSilence()),
      ],
      ["an SSH connect of idrac-vnc", () => idracVnc.create(overSsh()).startConsole(overSsh())],
      ["power over Redfish", () => redfishPower.create(toSilence()).getPowerState(toSilence())],
      [
        "management over Redfish",
        () => redfishManagement.create(toSilence()).getBootDevice(toSilence()),
      ],
    ] as const)
      it(`ends ${what}`, async () => {
        await assert.rejects(
          Promise.resolve(run()),
          (error) => error instanceof BmcTimeout && error.message.endsWith("within 0.2 s"),
        );
      });
  });

  describe("vnc_start_timeout", () => {
    const start = async (vncStart: number): Promise<unknown> => {
      const it = task({ connect: 10, vncStart }, {});
      return await idracVnc.create(it).startConsole(it);
    };

    it("leaves time to switch a server off and on that does not answer at first", async () => {
      bench.idrac.behaviour.needsToggle = true;
      await start(3);
      assert.equal(bench.idrac.attributes.toggles, 1);
    });

    for (const behaviour of ["staysClosed", "silentVnc"] as const)
      it(`ends the waits before and after that together, for a port that is ${behaviour}`, async () => {
        bench.idrac.behaviour[behaviour] = true;
        const begin = performance.now();
        await assert.rejects(start(1.2), BmcTimeout);
        const tookMs = performance.now() - begin;
        // Off to try again, and off to leave it as it was found.
        assert.equal(bench.idrac.attributes.toggles, 2);
        assert.ok(tookMs >= 1100 && tookMs < 5000, `took ${tookMs} ms`);
        bench.assertUnchanged();
      });
  });
});

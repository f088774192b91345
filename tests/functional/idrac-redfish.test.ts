import assert from "node:assert/strict";
import { BmcFeatureMissing, BmcTimeout, InvalidParameterValue } from "../../common/errors.ts";
import redfishManagement from "../../drivers/redfish/management.ts";
import redfishPower from "../../drivers/redfish/power.ts";
import { fakeTask, type FakeTask } from "../../drivers/testing/fake-task.ts";
import { startFakeIdrac, type FakeIdrac } from "../fakes/idrac/idrac.ts";
import { missingForVncServer } from "../helpers/vnc-servers.ts";

describe("power and boot device over Redfish before a simulated iDRAC", function suite() {
  this.timeout(20_000);
  let idrac: FakeIdrac;
  before(async function start() {
    if (missingForVncServer("xvnc-vncauth").length > 0) this.skip();
    idrac = await startFakeIdrac();
  });
  after(async () => await idrac?.stop());
  beforeEach(() => {
    idrac.system.powerState = "Off";
    idrac.system.resets.length = 0;
    idrac.system.allowed = ["On", "ForceOff", "GracefulShutdown", "ForceRestart", "Nmi"];
  });

  const power = redfishPower.create(fakeTask());
  const management = redfishManagement.create(fakeTask());
  const task = (more: object = {}): FakeTask =>
    fakeTask({ driverInfo: { ...idrac.driverInfo, ...more }, driver: "idrac" });

  for (const [redfish, state] of [
    ["On", "power on"],
    ["Off", "power off"],
    ["PoweringOn", "power off"],
    ["PoweringOff", "power on"],
    ["Melting", "error"],
  ] as const)
    it(`shows ${redfish} as ${state}`, async () => {
      idrac.system.powerState = redfish;
      assert.equal(await power.getPowerState(task()), state);
    });

  for (const [from, target, reset, to] of [
    ["Off", "power on", "On", "power on"],
    ["On", "power off", "ForceOff", "power off"],
    ["On", "rebooting", "ForceRestart", "power on"],
    ["On", "soft power off", "GracefulShutdown", "power off"],
  ] as const)
    it(`does ${target} by ${reset} and waits until it is done`, async () => {
      idrac.system.powerState = from;
      await power.setPowerState(task(), target, 10);
      assert.deepEqual(idrac.system.resets, [reset]);
      assert.equal(await power.getPowerState(task()), to);
    });

  it("switches a machine on that is to reboot but is off", async () => {
    await power.setPowerState(task(), "rebooting", 10);
    assert.deepEqual(idrac.system.resets, ["On"]);
  });

  it("asks for nothing when the machine is there already", async () => {
    await power.setPowerState(task(), "power off", 10);
    assert.deepEqual(idrac.system.resets, []);
  });

  it("takes the next best reset that the BMC offers, and says so when it offers none", async () => {
    idrac.system.powerState = "On";
    idrac.system.allowed = ["On", "PowerCycle"];
    await power.setPowerState(task(), "rebooting", 10);
    assert.deepEqual(idrac.system.resets, ["PowerCycle"]);
    await assert.rejects(power.setPowerState(task(), "power off", 10), BmcFeatureMissing);
  });

  it("gives up when the machine does not get there", async () => {
    idrac.system.lag = 1000;
    try {
      await assert.rejects(power.setPowerState(task(), "power on", 0.2), BmcTimeout);
    } finally {
      idrac.system.lag = 1;
    }
  });

  it("uses the system that was named", async () => {
    const named = { redfish_system_id: "/redfish/v1/Systems/System.Embedded.1" };
    idrac.system.powerState = "On";
    assert.equal(await power.getPowerState(task(named)), "power on");
    const wrong = { redfish_system_id: "/redfish/v1/Systems/2" };
    await assert.rejects(power.getPowerState(task(wrong)), BmcFeatureMissing);
    assert.throws(
      () => void power.validate(task({ redfish_system_id: "2" })),
      InvalidParameterValue,
    );
  });

  it("sets and shows the boot device", async () => {
    assert.deepEqual(await management.getBootDevice(task()), {
      bootDevice: null,
      persistent: null,
    });
    await management.setBootDevice(task(), "cdrom", false);
    assert.deepEqual(idrac.system.boot, {
      BootSourceOverrideTarget: "Cd",
      BootSourceOverrideEnabled: "Once",
    });
    await management.setBootDevice(task(), "pxe", true);
    assert.deepEqual(await management.getBootDevice(task()), {
      bootDevice: "pxe",
      persistent: true,
    });
  });

  it("refuses a boot device it does not know", async () => {
    await assert.rejects(management.setBootDevice(task(), "tape", false), InvalidParameterValue);
  });

  it("sends an NMI", async () => {
    await management.injectNmi?.(task());
    assert.deepEqual(idrac.system.resets, ["Nmi"]);
  });
});

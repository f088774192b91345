import assert from "node:assert/strict";
import { InvalidParameterValue, UnsupportedDriverExtension } from "../../../../common/errors.ts";
import fakeManagement from "../../../../drivers/fake/management.ts";
import fakePower from "../../../../drivers/fake/power.ts";
import noPower from "../../../../drivers/no-power/power.ts";
import noopManagement from "../../../../drivers/noop/management.ts";
import { fakeTask } from "../../../../drivers/testing/fake-task.ts";

const environment = fakeTask();

describe("power interface fake", () => {
  const power = fakePower.create(environment);

  it("shows a new node as off and another as its last known state", async () => {
    assert.equal(await power.getPowerState(fakeTask()), "power off");
    assert.equal(await power.getPowerState(fakeTask({ powerState: "power on" })), "power on");
  });

  for (const [target, state] of [
    ["power on", "power on"],
    ["power off", "power off"],
    ["rebooting", "power on"],
    ["soft rebooting", "power on"],
    ["soft power off", "power off"],
  ] as const)
    it(`shows ${state} after ${target}`, async () => {
      const task = fakeTask({ powerState: state === "power on" ? "power off" : "power on" });
      await power.setPowerState(task, target, 1);
      assert.equal(await power.getPowerState(task), state);
    });
});

describe("power interface no-power", () => {
  it("refuses every verb and offers no target", async () => {
    const power = noPower.create(environment);
    const task = fakeTask({ driver: "manual-management" });
    assert.deepEqual(power.getSupportedPowerTargets(task), []);
    assert.throws(() => void power.validate(task), UnsupportedDriverExtension);
    await assert.rejects(power.getPowerState(task), UnsupportedDriverExtension);
    await assert.rejects(power.setPowerState(task, "power on", 1), UnsupportedDriverExtension);
  });
});

describe("management interface fake", () => {
  const management = fakeManagement.create(environment);

  it("shows pxe at first and then what was set", async () => {
    const task = fakeTask();
    assert.deepEqual(await management.getBootDevice(task), {
      bootDevice: "pxe",
      persistent: false,
    });
    await management.setBootDevice(task, "cdrom", true);
    assert.deepEqual(await management.getBootDevice(task), {
      bootDevice: "cdrom",
      persistent: true,
    });
  });

  it("refuses a boot device it does not know", async () => {
    await assert.rejects(
      management.setBootDevice(fakeTask(), "tape", false),
      InvalidParameterValue,
    );
  });
});

describe("management interface noop", () => {
  it("knows no boot device and sets none", async () => {
    const management = noopManagement.create(environment);
    assert.deepEqual(management.getSupportedBootDevices(fakeTask()), []);
    assert.deepEqual(await management.getBootDevice(fakeTask()), {
      bootDevice: null,
      persistent: null,
    });
    await assert.rejects(management.setBootDevice(fakeTask(), "pxe", false), InvalidParameterValue);
  });
});

/** Power, boot device, NMI, sensors and event log by ipmitool before OpenIPMI's simulator. */
import assert from "node:assert/strict";
import {
  BmcFeatureMissing,
  BmcTimeout,
  InvalidParameterValue,
  type SensorReading,
} from "../../../../drivers/base.ts";
import ipmitoolManagement from "../../../../drivers/ipmitool/management.ts";
import ipmitoolPower from "../../../../drivers/ipmitool/power.ts";
import ipmitoolTelemetry from "../../../../drivers/ipmitool/telemetry.ts";
import { readIpmiAccess } from "../../../../drivers/lib/ipmi/access.ts";
import { Ipmitool } from "../../../../drivers/lib/ipmi/ipmitool.ts";
import { fakeTask, type FakeTask } from "../../../../drivers/testing/fake-task.ts";
import { missingForIpmiBmc, startIpmiBmc, type IpmiBmc } from "../../../helpers/ipmi-bmc.ts";

describe("a machine behind an IPMI BMC", function suite() {
  this.timeout(20_000);
  let bmc: IpmiBmc;
  before(async function start() {
    if (missingForIpmiBmc().length > 0) this.skip();
    bmc = await startIpmiBmc();
    const access = readIpmiAccess(bmc.driverInfo(), fakeTask().config);
    await new Ipmitool().run(fakeTask(), access, ["sel", "time", "set", "now"]);
  });
  after(async () => await bmc?.stop());
  beforeEach(async () => {
    await bmc.chassis.turn("on");
    bmc.chassis.orders.length = 0;
    bmc.chassis.obeysSoft = true;
  });

  const power = ipmitoolPower.create(fakeTask());
  const management = ipmitoolManagement.create(fakeTask());
  const telemetry = ipmitoolTelemetry.create(fakeTask());
  const task = (properties: Record<string, string> = {}, more: object = {}): FakeTask =>
    fakeTask({ driverInfo: { ...bmc.driverInfo(), ...more }, driver: "ipmi", properties });

  it("shows its power state", async () => {
    assert.equal(await power.getPowerState(task()), "power on");
    await bmc.chassis.turn("off");
    assert.equal(await power.getPowerState(task()), "power off");
  });

  for (const [from, target, orders, to] of [
    ["off", "power on", ["power 1"], "on"],
    ["on", "power off", ["power 0"], "off"],
    ["on", "soft power off", ["shutdown 1"], "off"],
    ["on", "rebooting", ["power 0", "power 1"], "on"],
    ["on", "soft rebooting", ["shutdown 1", "power 1"], "on"],
    ["off", "rebooting", ["power 1"], "on"],
    ["on", "power on", [], "on"],
    ["off", "soft power off", [], "off"],
  ] as const)
    it(`that is ${from} does ${target} by ${orders.join(", ") || "nothing"}`, async () => {
      await bmc.chassis.turn(from);
      await power.setPowerState(task(), target, 10);
      assert.deepEqual(bmc.chassis.orders, orders);
      assert.equal(bmc.powerState, to);
    });

  it("that ignores the power button is given up when the time is over", async () => {
    bmc.chassis.obeysSoft = false;
    await assert.rejects(power.setPowerState(task(), "soft power off", 2), (error: Error) => {
      assert.ok(error instanceof BmcTimeout);
      assert.match(error.message, /did not reach power off within 2 s/);
      return true;
    });
    assert.equal(bmc.powerState, "on");
  });

  for (const [mode, properties] of [
    ["BIOS", { capabilities: "boot_mode:bios" }],
    ["UEFI", {}],
  ] as const)
    it(`boots from the network once it was told so, ${mode}`, async () => {
      bmc.chassis.boot = "none";
      await management.setBootDevice(task(properties), "pxe", false);
      assert.equal(bmc.chassis.boot, "pxe");
      const { bootDevice } = await management.getBootDevice(task(properties));
      assert.equal(bootDevice, "pxe");
    });

  it("has no boot device when none was set", async () => {
    bmc.chassis.boot = "none";
    const nothing = { bootDevice: null, persistent: null };
    assert.deepEqual(await management.getBootDevice(task()), nothing);
  });

  it("knows Ironic's boot devices and no others", async () => {
    assert.deepEqual(management.getSupportedBootDevices(task()), [
      "pxe",
      "disk",
      "cdrom",
      "bios",
      "safe",
    ]);
    await assert.rejects(
      management.setBootDevice(task(), "floppy; id", false),
      InvalidParameterValue,
    );
    assert.deepEqual(bmc.chassis.orders, []);
  });

  it("whose BMC has no NMI says so", async () => {
    // FACT(ipmi_sim 2.0.33): chassis control 4, diagnostic interrupt, is "Invalid data field in request".
    await assert.rejects(
      async () => await management.injectNmi?.(task()),
      (error: Error) => {
        assert.ok(error instanceof BmcFeatureMissing);
        assert.match(error.message, /Control to Diag failed: Invalid data field/);
        return true;
      },
    );
  });

  const sensorWhen = async (
    name: string,
    test: (one: SensorReading) => boolean,
  ): Promise<SensorReading> => {
    const end = performance.now() + 8000;
    for (;;) {
      const found = (await telemetry.getSensors(task())).find((one) => one.name === name);
      if (found && test(found)) return found;
      assert.ok(performance.now() < end, `${name} is ${JSON.stringify(found)}`);
    }
  };

  it("shows its sensors with units and limits", async () => {
    const sensors = await telemetry.getSensors(task());
    const brief = sensors.map(({ name, kind, value, unit, state, text }) => [
      name,
      kind,
      value,
      unit,
      state,
      text,
    ]);
    assert.deepEqual(brief, [
      ["CPU Temp", "temperature", 42, "Cel", "ok", null],
      ["Inlet Temp", "temperature", 24, "Cel", "ok", null],
      ["Fan 1", "fan", 4800, "RPM", "ok", null],
      ["P12V", "voltage", 12, "V", "ok", null],
      ["PSU1 Status", "other", null, null, "ok", "Presence detected"],
    ]);
    const { lowerCritical, upperCritical } = sensors[3]?.thresholds ?? {};
    assert.deepEqual([lowerCritical, upperCritical], [10.8, 13.2]);
  });

  it("shows a sensor beyond its limit, and the event that it left", async () => {
    await telemetry.clearEventLog(task());
    const before = Date.now();
    bmc.setSensor("CPU Temp", 95);
    const { value, state } = await sensorWhen("CPU Temp", (one) => one.value === 95);
    assert.deepEqual([value, state], [95, "critical"]);
    const [entry] = await telemetry.getEventLog(task(), 10);
    assert.equal(entry?.sensor, "CPU Temp");
    assert.match(entry.message, /^Upper Critical going high/);
    assert.deepEqual([entry.severity, entry.asserted], ["critical", true]);
    assert.ok(Math.abs((entry.time ?? 0) - before) < 10_000, `${entry.time}`);
    bmc.setSensor("CPU Temp", 42);
    await sensorWhen("CPU Temp", (one) => one.value === 42);
  });

  it("shows a power supply that fails", async () => {
    await bmc.command("sensor_set_bit 0x20 0 5 1 1 1");
    const { state, text } = await sensorWhen("PSU1 Status", () => true);
    assert.deepEqual([state, text], ["critical", "Presence detected, Failure detected"]);
    await bmc.command("sensor_set_bit 0x20 0 5 1 0 1");
  });

  it("has an event log with the newest first, which can be emptied", async () => {
    await telemetry.clearEventLog(task());
    for (const threshold of [0x57, 0x59, 0x52])
      await bmc.addEvent([0x01, 2, 0x01, threshold, 0x5f, 0x5a]);
    const words = (await telemetry.getEventLog(task(), 10)).map(
      ({ message }) => message.split(":")[0],
    );
    assert.deepEqual(words, [
      "Lower Critical going low",
      "Upper Critical going high",
      "Upper Non-critical going high",
    ]);
    assert.equal((await telemetry.getEventLog(task(), 2)).length, 2);
    await telemetry.clearEventLog(task());
    assert.deepEqual(await telemetry.getEventLog(task(), 10), []);
  });

  it("with a wrong password is asked twice at most, so that no account is locked", async () => {
    const wrong = fakeTask({ driverInfo: bmc.driverInfo({ ipmi_password: "wrong" }) });
    await assert.rejects(telemetry.getEventLog(wrong, 10), /refuses the user, password or Kg key/);
    assert.ok(wrong.logged().split("ipmi: ran a command").length - 1 <= 2);
  });

  it("answers again after its BMC was reset", async () => {
    await bmc.restart();
    assert.equal(await power.getPowerState(task()), "power on");
  });
});

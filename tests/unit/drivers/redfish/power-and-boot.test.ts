import assert from "node:assert/strict";
import { BmcFeatureMissing } from "../../../../common/errors.ts";
import redfishManagement from "../../../../drivers/redfish/management.ts";
import redfishPower from "../../../../drivers/redfish/power.ts";
import { fakeTask, type FakeTask } from "../../../../drivers/testing/fake-task.ts";
import { idrac9, ilo5, openbmc } from "../../../fakes/redfish/machines.ts";
import {
  startFakeRedfish,
  type FakeRedfish,
  type Resource,
} from "../../../fakes/redfish/service.ts";

const OPENBMC = "/redfish/v1/Systems/system";
const ILO = "/redfish/v1/Systems/1";

describe("power, boot device and NMI over Redfish before BMCs of several vendors", function suite() {
  this.timeout(20_000);
  let bmc: FakeRedfish;
  const power = redfishPower.create(fakeTask());
  const management = redfishManagement.create(fakeTask());

  before(async () => {
    bmc = await startFakeRedfish(openbmc());
  });
  after(async () => await bmc?.stop());
  beforeEach(() => {
    bmc.requests.length = 0;
    bmc.machine = openbmc();
  });

  const task = (): FakeTask => fakeTask({ driverInfo: bmc.driverInfo, driver: "redfish" });
  const system = (path: string): Resource => bmc.machine.resources[path] ?? {};
  const resets = (): unknown[] =>
    bmc.requests
      .filter((request) => request.startsWith("POST") && request.endsWith("Reset"))
      .map((request) => bmc.posted[request.slice("POST ".length)]);

  it("presses the power button where no graceful shutdown is offered", async () => {
    await power.setPowerState(task(), "soft power off", 10);
    assert.deepEqual(resets(), [{ ResetType: "PushPowerButton" }]);
    assert.equal(await power.getPowerState(task()), "power off");
  });

  it("asks for a graceful shutdown where it is offered", async () => {
    bmc.machine = ilo5();
    await power.setPowerState(task(), "soft power off", 10);
    assert.deepEqual(resets(), [{ ResetType: "GracefulShutdown" }]);
  });

  it("reboots softly in two steps where no graceful restart is offered", async () => {
    await power.setPowerState(task(), "soft rebooting", 10);
    const posts = bmc.requests.filter((request) => request.startsWith("POST"));
    assert.equal(posts.length, 2);
    assert.deepEqual(resets().at(-1), { ResetType: "On" });
    assert.equal(await power.getPowerState(task()), "power on");
  });

  it("believes the ActionInfo when the action itself lists nothing", async () => {
    await assert.rejects(management.injectNmi?.(task()) ?? assert.fail(), (error: Error) => {
      assert.ok(error instanceof BmcFeatureMissing);
      assert.match(error.message, /cannot inject an NMI, it offers On, ForceOff, PushPowerButton/);
      return true;
    });
    assert.deepEqual(resets(), []);
  });

  it("tries what it wants when the BMC lists nothing at all", async () => {
    delete bmc.machine.resources[`${OPENBMC}/ResetActionInfo`];
    await management.injectNmi?.(task());
    assert.deepEqual(resets(), [{ ResetType: "Nmi" }]);
  });

  for (const make of [openbmc, ilo5])
    it(`brings the ETag that ${make.name} gives`, async () => {
      bmc.machine = make();
      await management.setBootDevice(task(), "pxe", false);
      assert.equal((await management.getBootDevice(task())).bootDevice, "pxe");
      assert.equal((await management.getBootDevice(task())).persistent, false);
    });

  it("boots from virtual media by the name that the board has for it", async () => {
    await management.setBootDevice(task(), "cdrom", false);
    assert.equal((system(OPENBMC)["Boot"] as Resource)["BootSourceOverrideTarget"], "UsbCd");
    assert.equal((await management.getBootDevice(task())).bootDevice, "cdrom");
    bmc.machine = idrac9();
    await management.setBootDevice(task(), "cdrom", false);
    assert.equal((await management.getBootDevice(task())).bootDevice, "cdrom");
  });

  it("refuses what the BMC does not offer, and says what it offers", async () => {
    await assert.rejects(
      management.setBootDevice(task(), "bios", false),
      /takes no BootSourceOverrideTarget BiosSetup, it offers None, Pxe, Hdd, UsbCd/,
    );
    await assert.rejects(
      management.setBootDevice(task(), "pxe", true),
      /takes no BootSourceOverrideEnabled Continuous, it offers Once, Disabled/,
    );
    assert.ok(!bmc.requests.some((request) => request.startsWith("PATCH")));
  });

  it("sets a persistent device where nothing is said against it", async () => {
    bmc.machine = ilo5();
    await management.setBootDevice(task(), "disk", true);
    const boot = system(ILO)["Boot"] as Resource;
    assert.equal(boot["BootSourceOverrideEnabled"], "Continuous");
    assert.equal(boot["BootSourceOverrideTarget"], "Hdd");
  });
});

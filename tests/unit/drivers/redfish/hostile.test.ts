import assert from "node:assert/strict";
import { BmcFeatureMissing, BmcProtocolError, BmcValueRefused } from "../../../../common/errors.ts";
import redfishManagement from "../../../../drivers/redfish/management.ts";
import redfishPower from "../../../../drivers/redfish/power.ts";
import { fakeTask, type FakeTask } from "../../../../drivers/testing/fake-task.ts";
import {
  NASTY,
  startHostileRedfish,
  UNFIT,
  type HostileRedfish,
} from "../../../helpers/hostile-redfish.ts";

const SYSTEMS = "GET /redfish/v1/Systems";
const SYSTEM = "GET /redfish/v1/Systems/1";
const RESET = "/redfish/v1/Systems/1/Actions/Reset";
const PASSWORD = "calvin-the-tiger";

describe("power and management over Redfish before a hostile BMC", function suite() {
  this.timeout(20_000);
  let bmc: HostileRedfish;
  before(async () => {
    bmc = await startHostileRedfish(PASSWORD);
  });
  after(async () => await bmc?.stop());

  const power = redfishPower.create(fakeTask());
  const management = redfishManagement.create(fakeTask());
  const task = (): FakeTask => fakeTask({ driverInfo: bmc.driverInfo, driver: "idrac" });

  function answer(system: object, more: HostileRedfish["answers"] = {}): void {
    bmc.answers = {
      [SYSTEMS]: { body: { Members: [{ "@odata.id": "/redfish/v1/Systems/1" }] } },
      [SYSTEM]: { body: { PowerState: "Off", ...system } },
      ...more,
    };
  }

  function reset(target: string, allowed: readonly string[]): object {
    const action = { target, "ResetType@Redfish.AllowableValues": allowed };
    return { Actions: { "#ComputerSystem.Reset": action } };
  }

  /** A predicate for assert.rejects: of this class, on one line, and short enough for last_error. */
  function tidy(type: new (message: string) => Error): (error: unknown) => boolean {
    return (error) => {
      assert.ok(error instanceof type, String(error));
      assert.doesNotMatch(error.message, UNFIT);
      assert.ok(error.message.length <= 1000, `${error.message.length} characters`);
      return true;
    };
  }

  it("repeats the reset types on offer escaped and bounded", async () => {
    answer(reset(RESET, [NASTY, NASTY]));
    await assert.rejects(power.setPowerState(task(), "power on", 5), tidy(BmcFeatureMissing));
  });

  it("repeats a path escaped and bounded", async () => {
    answer(reset(`/x\u202e\u2028${"A".repeat(1500)}`, ["On"]));
    await assert.rejects(power.setPowerState(task(), "power on", 5), tidy(BmcFeatureMissing));
  });

  it("follows no path of more than 2048 characters", async () => {
    answer(reset(`/${"A".repeat(3000)}`, ["On"]));
    await assert.rejects(power.setPowerState(task(), "power on", 5), tidy(BmcProtocolError));
  });

  it("repeats messages escaped and bounded", async () => {
    const infos = Array.from({ length: 9 }, () => ({ MessageId: NASTY, Message: NASTY }));
    const body = { error: { "@Message.ExtendedInfo": infos } };
    answer(reset(RESET, ["Nmi"]), { [`POST ${RESET}`]: { status: 400, body } });
    await assert.rejects(management.injectNmi?.(task()) ?? fail(), tidy(BmcValueRefused));
  });

  it("does not repeat its password, not even where a message or a path is cut", async () => {
    for (let before = 150; before < 200; before += 1) {
      const text = "A".repeat(before) + PASSWORD;
      const path = `/${text}`;
      const body = { error: { message: text } };
      answer(reset(path, ["Nmi"]), { [`POST ${path}`]: { status: 400, body } });
      await assert.rejects(
        management.injectNmi?.(task()) ?? fail(),
        (error: Error) => !error.message.includes(PASSWORD.slice(0, 4)),
      );
    }
  });

  for (const name of ["constructor", "__proto__", "toString"])
    it(`shows the power state ${name} as error`, async () => {
      answer({ PowerState: name });
      assert.equal(await power.getPowerState(task()), "error");
    });
});

function fail(): never {
  assert.fail("the management interface has no injectNmi");
}

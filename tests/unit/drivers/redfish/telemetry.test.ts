import assert from "node:assert/strict";
import { BmcFeatureMissing } from "../../../../common/errors.ts";
import type { EventLogEntry, SensorReading } from "../../../../drivers/base.ts";
import redfishTelemetry from "../../../../drivers/redfish/telemetry.ts";
import { fakeTask, type FakeTask } from "../../../../drivers/testing/fake-task.ts";
import { idrac9, ilo4, ilo5, openbmc, rackmount } from "../../../fakes/redfish/machines.ts";
import { startFakeRedfish, type FakeRedfish } from "../../../fakes/redfish/service.ts";

describe("telemetry over Redfish", function suite() {
  this.timeout(20_000);
  let bmc: FakeRedfish;
  const telemetry = redfishTelemetry.create(fakeTask());

  before(async () => {
    bmc = await startFakeRedfish(rackmount());
  });
  after(async () => await bmc?.stop());
  beforeEach(() => {
    bmc.requests.length = 0;
  });

  const task = (more: object = {}): FakeTask =>
    fakeTask({ driverInfo: { ...bmc.driverInfo, ...more }, driver: "redfish" });

  async function sensors(): Promise<Record<string, SensorReading>> {
    const readings = await telemetry.getSensors(task());
    return Object.fromEntries(readings.map((reading) => [reading.name, reading]));
  }

  const log = (limit = 100): Promise<readonly EventLogEntry[]> =>
    telemetry.getEventLog(task(), limit);

  describe("of DMTF's rack server", () => {
    before(() => {
      bmc.machine = rackmount();
    });

    it("reads temperatures, fans, voltages and supplies from Thermal and Power", async () => {
      const found = await sensors();
      assert.deepEqual(
        Object.values(found).map(({ name, kind, value, unit, state }) => [
          name,
          kind,
          value,
          unit,
          state,
        ]),
        [
          ["CPU1 Temp", "temperature", 41, "Cel", "ok"],
          ["CPU2 Temp", "temperature", null, "Cel", "unknown"],
          ["BaseBoard System Fan", "fan", 2100, "RPM", "ok"],
          ["System Input Power", "power", 344, "W", "ok"],
          ["VRM1 Voltage", "voltage", 12, "V", "ok"],
          ["Power Supply Bay", "power", 325, "W", "warning"],
          ["Power Supply Bay Input Voltage", "voltage", 120, "V", "warning"],
        ],
      );
      assert.deepEqual(found["VRM1 Voltage"]?.thresholds, {
        lowerFatal: 10,
        lowerCritical: 11,
        lowerWarning: 11.5,
        upperWarning: 12.5,
        upperCritical: 13,
        upperFatal: 15,
      });
    });

    it("reads the log newest first, once, although its next page is itself", async () => {
      const [newest, oldest, ...more] = await log();
      assert.deepEqual(newest, {
        id: "2",
        time: Date.UTC(2012, 2, 7, 14, 45),
        severity: "critical",
        sensor: "Temperature",
        message: "Temperature threshold exceeded",
        asserted: true,
      });
      assert.equal(oldest?.severity, "warning");
      assert.deepEqual(more, []);
    });

    it("clears the log where the BMC says, whatever the address is called", async () => {
      bmc.machine = rackmount();
      await telemetry.clearEventLog(task());
      assert.ok(
        bmc.requests.includes(
          "POST /redfish/v1/Systems/437XR1138R2/LogServices/Log1/Actions/LogService.Reset",
        ),
      );
      assert.deepEqual(await log(), []);
    });
  });

  describe("of an iDRAC 9", () => {
    before(() => {
      bmc.machine = idrac9();
    });

    it("reads all sensors in one request where the BMC sends members along", async () => {
      const found = await sensors();
      assert.deepEqual(
        bmc.requests.filter((request) => request.includes("/Sensors")),
        ["GET /redfish/v1/Chassis/System.Embedded.1/Sensors?$expand=."],
      );
      const inlet = found["System Board Inlet Temp"];
      assert.deepEqual(
        [inlet?.kind, inlet?.value, inlet?.unit, inlet?.state],
        ["temperature", 21, "Cel", "ok"],
      );
      assert.equal(inlet?.thresholds.lowerWarning, 3);
      assert.equal(inlet?.thresholds.upperCritical, 42);
      assert.equal(inlet?.thresholds.upperFatal, null);
      assert.equal(found["System Board Fan1A"]?.state, "critical");
      assert.equal(found["System Board Fan1A"]?.kind, "fan");
      assert.equal(found["System Board SYS Usage"]?.kind, "other");
      assert.deepEqual([found["CPU2 Temp"]?.state, found["CPU2 Temp"]?.value], ["absent", null]);
    });

    it("takes the SEL, not the lifecycle log or the fault list", async () => {
      const entries = await log();
      assert.deepEqual(
        entries.map(({ id }) => id),
        ["3", "2", "1"],
      );
      assert.equal(entries[0]?.sensor, "Power Supply / Converter 98");
      assert.equal(entries[0]?.time, Date.UTC(2026, 0, 1, 0, 3));
    });

    it("reads no more pages of a log that begins with the newest than it needs", async () => {
      bmc.machine = idrac9(2000);
      const entries = await log(60);
      assert.equal(entries.length, 60);
      assert.equal(entries[0]?.id, "2000");
      assert.equal(bmc.requests.filter((one) => one.includes("Sel/Entries")).length, 2);
    });

    it("clears the SEL with an empty object", async () => {
      await telemetry.clearEventLog(task());
      const target =
        "/redfish/v1/Managers/iDRAC.Embedded.1/LogServices/Sel/Actions/LogService.ClearLog";
      assert.deepEqual(bmc.posted[target], {});
    });
  });

  describe("of an iLO 5", () => {
    before(() => {
      bmc.machine = ilo5();
    });

    it("shows fans in per cent, absent sensors as absent, both supplies and what has no name", async () => {
      const readings = await telemetry.getSensors(task());
      const brief = readings.map(({ name, value, unit, state }) => [name, value, unit, state]);
      assert.deepEqual(brief, [
        ["01-Inlet Ambient", 19, "Cel", "ok"],
        ["04-P1 DIMM 1-6", null, "Cel", "absent"],
        ["Fan 1", 12, "%", "ok"],
        ["0", 119, "W", "unknown"],
        ["HpeServerPowerSupply", 60, "W", "ok"],
        ["HpeServerPowerSupply", 59, "W", "ok"],
      ]);
    });

    it("takes the Integrated Management Log, with $expand, newest first", async () => {
      const entries = await log();
      assert.deepEqual(
        entries.map(({ id, severity, asserted }) => [id, severity, asserted]),
        [
          ["122", "ok", false],
          ["121", "critical", null],
        ],
      );
      assert.ok(bmc.requests.some((one) => one.endsWith("/IML/Entries/?$expand=.")));
    });

    it("asks for entries one by one where the BMC sends links only, the newest first", async () => {
      bmc.machine = ilo4();
      const [newest, ...others] = await log(1);
      assert.equal(newest?.id, "122");
      assert.deepEqual(others, []);
      assert.equal(bmc.requests.filter((one) => /Entries\/\d+$/.test(one)).length, 1);
    });

    it("understands an iLO 4's fans", async () => {
      bmc.machine = ilo4();
      const fan = (await sensors())["Fan 1"];
      assert.deepEqual([fan?.value, fan?.unit, fan?.kind], [23, "%", "fan"]);
    });
  });

  describe("of an OpenBMC", () => {
    before(() => {
      bmc.machine = openbmc();
    });

    it("asks for sensors one by one, of the system's own chassis only", async () => {
      const found = await sensors();
      assert.deepEqual(
        Object.values(found).map(({ name, kind, value }) => [name, kind, value]),
        [
          ["Ambient 0 Temp", "temperature", 24.5],
          ["Fan 1", "fan", 5123],
          ["Pwm 1", "fan", 40],
        ],
      );
      assert.ok(!bmc.requests.some((one) => one.includes("other")));
    });

    it("takes the event log, not boot codes, and no time from a clock that was not set", async () => {
      const [entry] = await log();
      assert.equal(entry?.time, null);
      assert.equal(entry?.sensor, "temperature_Ambient_0_Temp");
      assert.equal(entry?.severity, "warning");
      assert.ok(!bmc.requests.some((one) => one.includes("PostCodes")));
    });

    it("says so when the log cannot be cleared", async () => {
      await assert.rejects(telemetry.clearEventLog(task()), (error: Error) => {
        assert.ok(error instanceof BmcFeatureMissing);
        assert.match(error.message, /does not let its log EventLog be cleared/);
        return true;
      });
    });
  });

  describe("of a BMC that lacks something", () => {
    it("finds a chassis that the system forgot to link to, of a BMC with one system", async () => {
      bmc.machine = openbmc();
      const system = bmc.machine.resources["/redfish/v1/Systems/system"];
      assert.ok(system);
      system["Links"] = {};
      assert.ok((await sensors())["Fan 1"]);
    });

    it("takes no stray chassis of a BMC with several systems", async () => {
      bmc.machine = openbmc();
      const { resources } = bmc.machine;
      Object.assign(resources["/redfish/v1/Systems/system"] ?? {}, { Links: {} });
      resources["/redfish/v1/Systems"] = {
        Members: ["system", "node2"].map((id) => ({ "@odata.id": `/redfish/v1/Systems/${id}` })),
      };
      const named = task({ redfish_system_id: "/redfish/v1/Systems/system" });
      await assert.rejects(telemetry.getSensors(named), BmcFeatureMissing);
    });

    it("says so when there is no log", async () => {
      bmc.machine = rackmount();
      const { resources } = bmc.machine;
      delete resources["/redfish/v1/Systems/437XR1138R2"]?.["LogServices"];
      await assert.rejects(log(), /has no event log of this system/);
    });

    it("skips a sensor that vanished between the list and its reading, as unknown", async () => {
      bmc.machine = openbmc();
      delete bmc.machine.resources["/redfish/v1/Chassis/board/Sensors/fantach_Fan_1"];
      const gone = (await sensors())["fantach_Fan_1"];
      assert.deepEqual([gone?.state, gone?.value], ["unknown", null]);
    });

    it("reads without $expand when the BMC refuses it after all", async () => {
      bmc.machine = openbmc();
      bmc.machine.resources["/redfish/v1"] = {
        ProtocolFeaturesSupported: { ExpandQuery: { NoLinks: true } },
      };
      assert.equal(Object.keys(await sensors()).length, 3);
    });
  });
});

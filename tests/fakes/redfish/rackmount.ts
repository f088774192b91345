/**
 * DMTF public-rackmount1: no $expand, Log1 whose next page is itself, times without a zone.
 * With the shapes, names and orders of public
 * mockups and recordings; values are of no machine.
 */
import { link, OK, systemOf } from "./parts.ts";
import type { Machine, Resource } from "./service.ts";

export function rackmount(): Machine {
  const system = "/redfish/v1/Systems/437XR1138R2";
  const chassis = "/redfish/v1/Chassis/1U";
  const log = `${system}/LogServices/Log1`;
  const event = (id: string, severity: string, created: string): Resource => ({
    ...link(`${log}/Entries/${id}`),
    "@odata.type": "#LogEntry.v1_0_2.LogEntry",
    Id: id,
    Name: `Log Entry ${id}`,
    EntryType: "SEL",
    Severity: severity,
    Created: created,
    EntryCode: "Assert",
    SensorType: "Temperature",
    Message: "Temperature threshold exceeded",
    Links: { OriginOfCondition: link(`${chassis}/Thermal`) },
  });
  return {
    resources: {
      "/redfish/v1": { RedfishVersion: "1.0.2" },
      ...systemOf(system, {
        Links: { Chassis: [link(chassis)], ManagedBy: [link("/redfish/v1/Managers/BMC")] },
        LogServices: link(`${system}/LogServices`),
      }),
      [chassis]: { Thermal: link(`${chassis}/Thermal`), Power: link(`${chassis}/Power`) },
      [`${chassis}/Thermal`]: {
        Temperatures: [
          {
            ...link(`${chassis}/Thermal#/Temperatures/0`),
            MemberId: "0",
            Name: "CPU1 Temp",
            SensorNumber: 42,
            Status: OK,
            ReadingCelsius: 41,
            UpperThresholdNonCritical: 42,
            UpperThresholdCritical: 45,
            UpperThresholdFatal: 48,
            MinReadingRangeTemp: 0,
            MaxReadingRangeTemp: 60,
          },
          { MemberId: "1", Name: "CPU2 Temp", Status: { State: "Disabled" }, ReadingCelsius: 41 },
        ],
        Fans: [
          {
            MemberId: "0",
            Name: "BaseBoard System Fan",
            Status: OK,
            Reading: 2100,
            ReadingUnits: "RPM",
            LowerThresholdFatal: 0,
          },
        ],
      },
      [`${chassis}/Power`]: {
        PowerControl: [
          { MemberId: "0", Name: "System Input Power", PowerConsumedWatts: 344, Status: OK },
        ],
        Voltages: [
          {
            MemberId: "0",
            Name: "VRM1 Voltage",
            SensorNumber: 11,
            Status: OK,
            ReadingVolts: 12,
            UpperThresholdNonCritical: 12.5,
            UpperThresholdCritical: 13,
            UpperThresholdFatal: 15,
            LowerThresholdNonCritical: 11.5,
            LowerThresholdCritical: 11,
            LowerThresholdFatal: 10,
          },
        ],
        PowerSupplies: [
          {
            MemberId: "0",
            Name: "Power Supply Bay",
            Status: { State: "Enabled", Health: "Warning" },
            LineInputVoltage: 120,
            PowerCapacityWatts: 800,
            LastPowerOutputWatts: 325,
          },
        ],
      },
      [`${system}/LogServices`]: { Members: [link(log)] },
      [log]: {
        Id: "Log1",
        Name: "System Log Service",
        MaxNumberOfRecords: 1000,
        OverWritePolicy: "WrapsWhenFull",
        // The mockup's own: the target is not named after the action.
        Actions: { "#LogService.ClearLog": { target: `${log}/Actions/LogService.Reset` }, Oem: {} },
        Entries: link(`${log}/Entries`),
      },
      [`${log}/Entries`]: {
        Members: [
          event("1", "Warning", "2012-03-07T14:44"),
          event("2", "Critical", "2012-03-07T14:45"),
        ],
        "@odata.nextLink": `${log}/Entries?$skiptoken=2`,
      },
    },
  };
}

/**
 * An iLO 5: Thermal and Power, the IML of the system, entries as links unless expanded, oldest first.
 * With the shapes, names and orders of public
 * mockups and recordings; values are of no machine.
 */
import { collection, link, OK, systemOf } from "./parts.ts";
import type { Machine, Resource } from "./service.ts";

export function ilo5(): Machine {
  const logs = "/redfish/v1/Systems/1/LogServices";
  const event = (id: string, more: Resource): Resource => ({
    ...link(`${logs}/IML/Entries/${id}`),
    Id: id,
    EntryType: "Oem",
    Name: "Integrated Management Log",
    OemRecordFormat: "Hpe-IML",
    ...more,
  });
  const service = (id: string): Resource => ({
    ...link(`${logs}/${id}`),
    Id: id,
    OverWritePolicy: "WrapsWhenFull",
    ServiceEnabled: true,
    Actions: { "#LogService.ClearLog": { target: `${logs}/${id}/Actions/LogService.ClearLog/` } },
    Entries: link(`${logs}/${id}/Entries/`),
  });
  return {
    etagIn: "header",
    resources: {
      "/redfish/v1": {
        ProtocolFeaturesSupported: {
          ExpandQuery: { ExpandAll: false, Levels: false, NoLinks: true },
        },
      },
      ...systemOf("/redfish/v1/Systems/1", {
        Links: {
          Chassis: [link("/redfish/v1/Chassis/1/")],
          ManagedBy: [link("/redfish/v1/Managers/1/")],
        },
        LogServices: link(`${logs}/`),
      }),
      "/redfish/v1/Chassis/1": {
        Thermal: link("/redfish/v1/Chassis/1/Thermal/"),
        Power: link("/redfish/v1/Chassis/1/Power/"),
      },
      "/redfish/v1/Chassis/1/Thermal": {
        Temperatures: [
          {
            MemberId: "0",
            Name: "01-Inlet Ambient",
            PhysicalContext: "Intake",
            ReadingCelsius: 19,
            Status: OK,
            UpperThresholdCritical: 42,
            UpperThresholdFatal: 47,
          },
          { MemberId: "3", Name: "04-P1 DIMM 1-6", ReadingCelsius: 0, Status: { State: "Absent" } },
        ],
        Fans: [{ MemberId: "0", Name: "Fan 1", Reading: 12, ReadingUnits: "Percent", Status: OK }],
      },
      "/redfish/v1/Chassis/1/Power": {
        PowerControl: [{ MemberId: "0", PowerConsumedWatts: 119 }],
        PowerSupplies: [
          { MemberId: "0", Name: "HpeServerPowerSupply", LastPowerOutputWatts: 60, Status: OK },
          { MemberId: "1", Name: "HpeServerPowerSupply", LastPowerOutputWatts: 59, Status: OK },
        ],
      },
      ...collection(logs, [service("SL"), service("Event"), service("IML")]),
      ...collection(`${logs}/IML/Entries`, [
        event("121", {
          Created: "2024-09-28T14:38:00Z",
          Message: "System Power Supply: Input Power Loss (Power Supply 2)",
          Severity: "Critical",
          Oem: { Hpe: { Repaired: false, Severity: "Critical" } },
        }),
        event("122", {
          Created: "2024-09-28T14:39:27Z",
          Message: "Automatic Operating System Shutdown Initiated Due to Overheat Condition",
          Severity: "OK",
          Oem: { Hpe: { Repaired: true, Severity: "Repaired" } },
        }),
      ]),
    },
  };
}

/** An iLO 4's fans, which have other property names. */
export function ilo4(): Machine {
  const machine = ilo5();
  machine.resources["/redfish/v1"] = {};
  machine.resources["/redfish/v1/Chassis/1/Thermal"] = {
    Fans: [{ FanName: "Fan 1", CurrentReading: 23, Units: "Percent", Status: OK }],
  };
  return machine;
}

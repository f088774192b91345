/**
 * An iDRAC 9: Sensors with $expand, three logs of the manager, the SEL newest first.
 * With the shapes, names and orders of public
 * mockups and recordings; values are of no machine.
 */
import { collection, link, OK, systemOf } from "./parts.ts";
import type { Machine, Resource } from "./service.ts";

export function idrac9(events = 3): Machine {
  const system = "/redfish/v1/Systems/System.Embedded.1";
  const chassis = "/redfish/v1/Chassis/System.Embedded.1";
  const logs = "/redfish/v1/Managers/iDRAC.Embedded.1/LogServices";
  const sensor = (id: string, more: Resource): Resource => ({
    ...link(`${chassis}/Sensors/${id}`),
    "@odata.type": "#Sensor.v1_5_0.Sensor",
    Id: id,
    Status: OK,
    ...more,
  });
  const service = (id: string): Resource => ({
    ...link(`${logs}/${id}`),
    Id: id,
    OverWritePolicy: "WrapsWhenFull",
    Actions: { "#LogService.ClearLog": { target: `${logs}/${id}/Actions/LogService.ClearLog` } },
    Entries: link(`${logs}/${id}/Entries`),
  });
  const entries = Array.from({ length: events }, (_none, index) => {
    const id = String(events - index);
    return {
      ...link(`${logs}/Sel/Entries/${id}`),
      Id: id,
      Created: new Date(Date.UTC(2026, 0, 1) + Number(id) * 60_000).toISOString(),
      EntryType: "SEL",
      Message: `The power input for power supply 2 is lost. (${id})`,
      MessageId: "PSU0003",
      SensorType: "Power Supply / Converter",
      SensorNumber: 98,
      Severity: "Critical",
    };
  });
  return {
    pageSize: 50,
    resources: {
      "/redfish/v1": {
        ProtocolFeaturesSupported: {
          ExpandQuery: { ExpandAll: true, Levels: true, Links: true, MaxLevels: 1, NoLinks: true },
        },
      },
      ...systemOf(system, {
        Links: {
          Chassis: [link(chassis)],
          ManagedBy: [link("/redfish/v1/Managers/iDRAC.Embedded.1")],
        },
      }),
      [chassis]: {
        Sensors: link(`${chassis}/Sensors`),
        Thermal: link(`${chassis}/Thermal`),
        Power: link(`${chassis}/Power`),
      },
      ...collection(`${chassis}/Sensors`, [
        sensor("SystemBoardInletTemp", {
          Name: "System Board Inlet Temp",
          ReadingType: "Temperature",
          Reading: 21,
          ReadingUnits: "Cel",
          Thresholds: {
            LowerCaution: { Reading: 3 },
            LowerCritical: { Reading: -7 },
            UpperCaution: { Reading: 38 },
            UpperCritical: { Reading: 42 },
          },
        }),
        sensor("Fan.Embedded.1A", {
          Name: "System Board Fan1A",
          ReadingType: "Rotational",
          Reading: 480,
          ReadingUnits: "RPM",
          Status: { State: "Enabled", Health: "Critical" },
          Thresholds: { LowerCaution: { Reading: 840 }, LowerCritical: { Reading: 600 } },
        }),
        sensor("PS1Current1", {
          Name: "PS1 Current 1",
          ReadingType: "Current",
          Reading: 0.6,
          ReadingUnits: "A",
        }),
        sensor("SystemBoardSYSUsage", {
          Name: "System Board SYS Usage",
          ReadingType: "Percent",
          Reading: 7,
          ReadingUnits: "%",
        }),
        sensor("CPU2Temp", {
          Name: "CPU2 Temp",
          ReadingType: "Temperature",
          Reading: null,
          ReadingUnits: "Cel",
          Status: { State: "Absent", Health: null },
        }),
      ]),
      "/redfish/v1/Managers/iDRAC.Embedded.1": { LogServices: link(logs) },
      ...collection(logs, [service("FaultList"), service("Lclog"), service("Sel")]),
      // Entries come whole, asked to or not.
      [`${logs}/Sel/Entries`]: { Members: entries },
    },
  };
}

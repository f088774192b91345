/**
 * An OpenBMC: sensors one by one, ResetType in an ActionInfo, ETag in the body, more than one chassis.
 * With the shapes, names and orders of public
 * mockups and recordings; values are of no machine.
 */
import { collection, link, OK, systemOf } from "./parts.ts";
import type { Machine, Resource } from "./service.ts";

export function openbmc(): Machine {
  const system = "/redfish/v1/Systems/system";
  const board = "/redfish/v1/Chassis/board";
  const sensor = (id: string, more: Resource): Resource => ({
    ...link(`${board}/Sensors/${id}`),
    Id: id,
    Name: id.replace(/^.*?_/, "").replaceAll("_", " "),
    Status: OK,
    ...more,
  });
  return {
    etagIn: "body",
    resources: {
      "/redfish/v1": {
        ProtocolFeaturesSupported: { ExpandQuery: { ExpandAll: false, NoLinks: false } },
      },
      ...systemOf(system, {
        Links: { Chassis: [link(board)], ManagedBy: [link("/redfish/v1/Managers/bmc")] },
        LogServices: link(`${system}/LogServices`),
        Boot: {
          BootSourceOverrideEnabled: "Disabled",
          "BootSourceOverrideTarget@Redfish.AllowableValues": ["None", "Pxe", "Hdd", "UsbCd"],
          "BootSourceOverrideEnabled@Redfish.AllowableValues": ["Once", "Disabled"],
        },
        Actions: {
          "#ComputerSystem.Reset": {
            target: `${system}/Actions/ComputerSystem.Reset`,
            "@Redfish.ActionInfo": `${system}/ResetActionInfo`,
          },
        },
      }),
      [`${system}/ResetActionInfo`]: {
        Parameters: [
          {
            Name: "ResetType",
            AllowableValues: ["On", "ForceOff", "PushPowerButton", "ForceRestart"],
          },
        ],
      },
      "/redfish/v1/Chassis": { Members: [link("/redfish/v1/Chassis/other"), link(board)] },
      "/redfish/v1/Chassis/other": { Sensors: link("/redfish/v1/Chassis/other/Sensors") },
      [board]: { Sensors: link(`${board}/Sensors`) },
      ...collection(`${board}/Sensors`, [
        sensor("temperature_Ambient_0_Temp", {
          ReadingType: "Temperature",
          ReadingUnits: "Cel",
          Reading: 24.5,
        }),
        sensor("fantach_Fan_1", { ReadingType: "Rotational", ReadingUnits: "RPM", Reading: 5123 }),
        sensor("fanpwm_Pwm_1", { ReadingUnits: "%", PhysicalContext: "Fan", Reading: 40 }),
      ]),
      ...collection(`${system}/LogServices`, [
        { ...link(`${system}/LogServices/PostCodes`), Id: "PostCodes", Entries: link("/nowhere") },
        {
          ...link(`${system}/LogServices/EventLog`),
          Id: "EventLog",
          Entries: link(`${system}/LogServices/EventLog/Entries`),
        },
      ]),
      [`${system}/LogServices/EventLog/Entries`]: {
        Members: [
          {
            ...link(`${system}/LogServices/EventLog/Entries/1700000000`),
            Id: "1700000000",
            Created: "1970-01-01T00:02:11+00:00",
            Severity: "Warning",
            Message: "Ambient_0_Temp sensor crossed a warning high threshold going high.",
            Links: { OriginOfCondition: link(`${board}/Sensors/temperature_Ambient_0_Temp`) },
            Resolved: false,
          },
        ],
      },
    },
  };
}

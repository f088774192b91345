/** What all simulated Redfish machines are put together from. */
import type { Resource, Resources } from "./service.ts";

export const OK = { State: "Enabled", Health: "OK" };

export function link(path: string): Resource {
  return { "@odata.id": path };
}

export function collection(
  path: string,
  members: readonly Resource[],
  extra: Resource = {},
): Resources {
  const resources: Resources = {};
  for (const member of members) resources[String(member["@odata.id"])] = member;
  resources[path] = { Members: members.map((one) => link(String(one["@odata.id"]))), ...extra };
  return resources;
}

export function systemOf(path: string, more: Resource): Resources {
  const target = `${path}/Actions/ComputerSystem.Reset`;
  const reset = {
    target,
    "ResetType@Redfish.AllowableValues": [
      "On",
      "ForceOff",
      "GracefulShutdown",
      "ForceRestart",
      "Nmi",
    ],
  };
  return {
    "/redfish/v1/Systems": { Members: [link(path)] },
    [path]: {
      PowerState: "On",
      Boot: {
        BootSourceOverrideEnabled: "Disabled",
        BootSourceOverrideTarget: "None",
        "BootSourceOverrideTarget@Redfish.AllowableValues": [
          "None",
          "Pxe",
          "Cd",
          "Hdd",
          "BiosSetup",
        ],
      },
      Actions: { "#ComputerSystem.Reset": reset },
      ...more,
    },
  };
}

/** Hardware type `ilo`: HPE servers with an iLO 4 or later. */
import type { HardwareType } from "../base.ts";
import { PLACEHOLDERS } from "./placeholders.ts";

export const ILO: HardwareType = {
  name: "ilo",
  supportedInterfaces: {
    console: ["ilo-browser", "redfish-graphical", "ipmitool-socat", "vnc", "no-console"],
    power: ["redfish", "ipmitool", "no-power"],
    management: ["redfish", "ipmitool", "noop"],
    ...PLACEHOLDERS,
  },
};

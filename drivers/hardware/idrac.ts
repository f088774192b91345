/** Hardware type `idrac`: Dell servers with an iDRAC 7 or later. */
import type { HardwareType } from "../base.ts";
import { PLACEHOLDERS } from "./placeholders.ts";

export const IDRAC: HardwareType = {
  name: "idrac",
  supportedInterfaces: {
    console: ["idrac-vnc", "redfish-graphical", "vnc", "ipmitool-socat", "no-console"],
    power: ["redfish", "ipmitool", "no-power"],
    management: ["redfish", "ipmitool", "noop"],
    ...PLACEHOLDERS,
  },
};

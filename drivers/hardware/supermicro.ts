/** Hardware type `supermicro`: Supermicro servers from X10 on. */
import type { HardwareType } from "../base.ts";
import { PLACEHOLDERS } from "./placeholders.ts";

export const SUPERMICRO: HardwareType = {
  name: "supermicro",
  supportedInterfaces: {
    console: ["redfish-graphical", "ipmitool-socat", "vnc", "no-console"],
    power: ["redfish", "ipmitool", "no-power"],
    management: ["redfish", "ipmitool", "noop"],
    ...PLACEHOLDERS,
  },
};

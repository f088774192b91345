/** Hardware type `ipmi`: servers whose BMC speaks IPMI. */
import type { HardwareType } from "../base.ts";
import { PLACEHOLDERS } from "./placeholders.ts";

export const IPMI: HardwareType = {
  name: "ipmi",
  supportedInterfaces: {
    console: ["ipmitool-socat", "vnc", "redfish-graphical", "no-console"],
    power: ["ipmitool", "no-power"],
    management: ["ipmitool", "noop"],
    ...PLACEHOLDERS,
  },
};

/**
 * Hardware type `redfish`: servers whose BMC speaks Redfish; their serial line goes over IPMI, that of an OpenBMC
 * over its web service.
 */
import type { HardwareType } from "../base.ts";
import { PLACEHOLDERS } from "./placeholders.ts";

export const REDFISH: HardwareType = {
  name: "redfish",
  supportedInterfaces: {
    console: [
      "ipmitool-socat",
      "redfish-graphical",
      "vnc",
      "openbmc-kvm",
      "openbmc-serial",
      "no-console",
    ],
    power: ["redfish", "ipmitool", "no-power"],
    management: ["redfish", "ipmitool", "noop"],
    ...PLACEHOLDERS,
  },
};

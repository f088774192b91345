/** Hardware type `manual-management`: machines without a BMC we can drive, reached by VNC alone. */
import type { HardwareType } from "../base.ts";
import { PLACEHOLDERS } from "./placeholders.ts";

export const MANUAL_MANAGEMENT: HardwareType = {
  name: "manual-management",
  supportedInterfaces: {
    console: ["vnc", "tcp-serial", "no-console"],
    // Ironic prefers `fake` here too: the operator presses the button and tells us.
    power: ["fake", "no-power"],
    management: ["noop"],
    ...PLACEHOLDERS,
  },
};

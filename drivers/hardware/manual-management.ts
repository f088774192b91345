/** Hardware type `manual-management`: machines without a BMC we can drive, reached by VNC alone. */
import type { HardwareType } from "../base.ts";

export const MANUAL_MANAGEMENT: HardwareType = {
  name: "manual-management",
  supportedInterfaces: {
    console: ["vnc", "no-console"],
    // Ironic prefers `fake` here too: the operator presses the button and tells us.
    power: ["fake", "no-power"],
    management: ["noop"],
    bios: ["no-bios"],
    boot: ["noop"],
    deploy: ["noop"],
    inspect: ["no-inspect"],
    network: ["noop"],
    raid: ["no-raid"],
    rescue: ["no-rescue"],
    storage: ["noop"],
    vendor: ["no-vendor"],
  },
};

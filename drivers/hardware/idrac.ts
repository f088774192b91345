/** Hardware type `idrac`: Dell servers with an iDRAC 7 or later. */
import type { HardwareType } from "../base.ts";

export const IDRAC: HardwareType = {
  name: "idrac",
  supportedInterfaces: {
    console: ["idrac-vnc", "vnc", "no-console"],
    power: ["redfish", "no-power"],
    management: ["redfish", "noop"],
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

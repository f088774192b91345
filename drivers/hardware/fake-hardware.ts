/** Hardware type `fake-hardware`: for tests and demonstrations; takes any enabled console interface. */
import type { HardwareType } from "../base.ts";

export const FAKE_HARDWARE: HardwareType = {
  name: "fake-hardware",
  acceptsAnyConsoleInterface: true,
  supportedInterfaces: {
    console: ["fake", "no-console"],
    power: ["fake", "no-power"],
    management: ["fake", "noop"],
    bios: ["no-bios"],
    boot: ["fake"],
    deploy: ["fake"],
    inspect: ["no-inspect"],
    network: ["noop"],
    raid: ["no-raid"],
    rescue: ["no-rescue"],
    storage: ["noop"],
    vendor: ["no-vendor"],
  },
};

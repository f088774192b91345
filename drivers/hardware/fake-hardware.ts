/** Hardware type `fake-hardware`: for tests and demonstrations; takes any enabled console interface. */
import type { HardwareType } from "../base.ts";
import { PLACEHOLDERS } from "./placeholders.ts";

export const FAKE_HARDWARE: HardwareType = {
  name: "fake-hardware",
  acceptsAnyConsoleInterface: true,
  supportedInterfaces: {
    console: ["fake", "no-console"],
    power: ["fake", "no-power"],
    management: ["fake", "noop"],
    ...PLACEHOLDERS,
    boot: ["fake"],
    deploy: ["fake"],
  },
};

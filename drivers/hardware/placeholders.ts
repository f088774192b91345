/** The interfaces of every hardware type that a console service has no use for, but that clients expect to see. */
import type { HardwareType } from "../base.ts";

export const PLACEHOLDERS = {
  bios: ["no-bios"],
  boot: ["noop"],
  deploy: ["noop"],
  inspect: ["no-inspect"],
  network: ["noop"],
  raid: ["no-raid"],
  rescue: ["no-rescue"],
  storage: ["noop"],
  vendor: ["no-vendor"],
} as const satisfies Partial<HardwareType["supportedInterfaces"]>;

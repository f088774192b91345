/**
 * The drivers this package brings, as literal tables: public name to module. Nothing is scanned; a
 * module is loaded when the configuration enables its name.
 */
import type {
  ConsoleDriverModule,
  HardwareType,
  ManagementDriverModule,
  PowerDriverModule,
} from "./base.ts";
import { FAKE_HARDWARE } from "./hardware/fake-hardware.ts";
import { IDRAC } from "./hardware/idrac.ts";
import { MANUAL_MANAGEMENT } from "./hardware/manual-management.ts";

type Loaders<TModule> = Readonly<Record<string, () => Promise<{ default: TModule }>>>;

export const BUILTIN_DRIVERS: {
  readonly console: Loaders<ConsoleDriverModule>;
  readonly power: Loaders<PowerDriverModule>;
  readonly management: Loaders<ManagementDriverModule>;
} = {
  console: {
    "no-console": () => import("./no-console/console.ts"),
    fake: () => import("./fake/console.ts"),
    vnc: () => import("./vnc/console.ts"),
    "idrac-vnc": () => import("./idrac-vnc/console.ts"),
  },
  power: {
    redfish: () => import("./redfish/power.ts"),
    fake: () => import("./fake/power.ts"),
    "no-power": () => import("./no-power/power.ts"),
  },
  management: {
    redfish: () => import("./redfish/management.ts"),
    fake: () => import("./fake/management.ts"),
    noop: () => import("./noop/management.ts"),
  },
};

export const HARDWARE_TYPES: Readonly<Record<string, HardwareType>> = {
  "fake-hardware": FAKE_HARDWARE,
  idrac: IDRAC,
  "manual-management": MANUAL_MANAGEMENT,
};

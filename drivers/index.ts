/**
 * The drivers this package brings, as literal tables: public name to module. Nothing is scanned; a
 * module is loaded when the configuration enables its name.
 */
import type {
  ConsoleDriverModule,
  HardwareType,
  ManagementDriverModule,
  PowerDriverModule,
  TelemetryDriverModule,
} from "./base.ts";
import { FAKE_HARDWARE } from "./hardware/fake-hardware.ts";
import { IDRAC } from "./hardware/idrac.ts";
import { ILO } from "./hardware/ilo.ts";
import { IPMI } from "./hardware/ipmi.ts";
import { MANUAL_MANAGEMENT } from "./hardware/manual-management.ts";
import { REDFISH } from "./hardware/redfish.ts";
import { SUPERMICRO } from "./hardware/supermicro.ts";

type Loaders<TModule> = Readonly<Record<string, () => Promise<{ default: TModule }>>>;

export const BUILTIN_DRIVERS: {
  readonly console: Loaders<ConsoleDriverModule>;
  readonly power: Loaders<PowerDriverModule>;
  readonly management: Loaders<ManagementDriverModule>;
  /** By the name of the management interface it goes with. */
  readonly telemetry: Loaders<TelemetryDriverModule>;
} = {
  console: {
    "no-console": () => import("./no-console/console.ts"),
    fake: () => import("./fake/console.ts"),
    vnc: () => import("./vnc/console.ts"),
    "idrac-vnc": () => import("./idrac-vnc/console.ts"),
    "ipmitool-socat": () => import("./ipmitool-socat/console.ts"),
    "ilo-browser": () => import("./browser/ilo-browser.ts"),
    "redfish-graphical": () => import("./browser/redfish-graphical.ts"),
    "tcp-serial": () => import("./tcp-serial/console.ts"),
    "openbmc-kvm": () => import("./openbmc-kvm/console.ts"),
    "openbmc-serial": () => import("./openbmc-serial/console.ts"),
  },
  power: {
    redfish: () => import("./redfish/power.ts"),
    ipmitool: () => import("./ipmitool/power.ts"),
    fake: () => import("./fake/power.ts"),
    "no-power": () => import("./no-power/power.ts"),
  },
  management: {
    redfish: () => import("./redfish/management.ts"),
    ipmitool: () => import("./ipmitool/management.ts"),
    fake: () => import("./fake/management.ts"),
    noop: () => import("./noop/management.ts"),
  },
  telemetry: {
    redfish: () => import("./redfish/telemetry.ts"),
    ipmitool: () => import("./ipmitool/telemetry.ts"),
    fake: () => import("./fake/telemetry.ts"),
  },
};

export const HARDWARE_TYPES: Readonly<Record<string, HardwareType>> = {
  "fake-hardware": FAKE_HARDWARE,
  idrac: IDRAC,
  ilo: ILO,
  ipmi: IPMI,
  "manual-management": MANUAL_MANAGEMENT,
  redfish: REDFISH,
  supermicro: SUPERMICRO,
};

/** What could be enabled, as drivers/index.ts lists it; an argument, so that tests bring their own. */
import type { BUILTIN_DRIVERS } from "../drivers/index.ts";
import type { DrivenInterfaceType } from "../common/node.ts";
import type {
  ConsoleInterface,
  HardwareType,
  ManagementInterface,
  PowerInterface,
  TelemetryInterface,
} from "../drivers/base.ts";

export interface DriverCatalogue {
  readonly drivers: typeof BUILTIN_DRIVERS;
  readonly hardwareTypes: Readonly<Record<string, HardwareType>>;
}

/** What a driver is called as: an interface of the node, or the telemetry that goes with its management. */
export type DriverPart = DrivenInterfaceType | "telemetry";

/** What each part's instances are. */
export interface InterfaceOf {
  readonly console: ConsoleInterface;
  readonly power: PowerInterface;
  readonly management: ManagementInterface;
  readonly telemetry: TelemetryInterface;
}

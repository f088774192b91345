/** What could be enabled, as drivers/index.ts lists it; an argument, so that tests bring their own. */
import type { BUILTIN_DRIVERS } from "../drivers/index.ts";
import type {
  ConsoleInterface,
  HardwareType,
  ManagementInterface,
  PowerInterface,
} from "../drivers/base.ts";

export interface DriverCatalogue {
  readonly drivers: typeof BUILTIN_DRIVERS;
  readonly hardwareTypes: Readonly<Record<string, HardwareType>>;
}

/** What a driven interface type's instances are. */
export interface InterfaceOf {
  readonly console: ConsoleInterface;
  readonly power: PowerInterface;
  readonly management: ManagementInterface;
}

/**
 * The driver contract. A driver knows one way to reach one kind of machine. It gets a task and
 * returns values: it never touches the database, mints a token, builds a URL or knows a tenant.
 *
 * The verbs are those of Ironic's `drivers/base.py`. Where Ironic's drivers write the node, ours
 * return a {@link ConsoleEndpoint} and the conductor saves it.
 */
import type { Logger } from "../common/log.ts";
import type { Config } from "../common/config/options.ts";
import type { ConsoleEndpoint } from "../common/console-endpoint.ts";
import type { StartFailure, StartStep } from "../common/console-prelude.ts";
import type {
  DrivenInterfaceType,
  InterfaceType,
  Json,
  PowerState,
  PowerTarget,
} from "../common/node.ts";
import type { Secret } from "../common/secret.ts";
import type { SharedFile } from "./browser/providers/provider.ts";

export type {
  ConsoleEndpoint,
  ConsoleQuirks,
  ConsoleTransport,
  HostTls,
  SecurityTypeName,
  SerialLine,
} from "../common/console-endpoint.ts";
export type { Config, DrivenInterfaceType, InterfaceType, Json, Logger, PowerState, PowerTarget };
/** As a value too: a driver that makes a password of its own has to wrap it. */
export { Secret } from "../common/secret.ts";
export * from "../common/errors.ts";

/** Raised when the contract changes in a way that an existing driver would notice. */
export const DRIVER_API_VERSION = 1;

/** driver_info as a driver sees it: plain JSON, except that secrets are {@link Secret} objects. */
export type DriverInfo = { readonly [key: string]: Json | Secret };

/** One held node, for one purpose. */
export interface Task {
  readonly node: {
    readonly uuid: string;
    readonly name: string | null;
    readonly driver: string;
    readonly driverInfo: DriverInfo;
    readonly powerState: PowerState | null;
    /** What the operator noted of the machine, for example `vendor` and `capabilities`. */
    readonly properties?: { readonly [key: string]: Json };
  };
  /** The endpoint saved at the last successful start, while the console is enabled. */
  readonly endpoint: ConsoleEndpoint | null;
  /**
   * What this interface asked to be remembered for this node; survives restarts and `kill -9`.
   * Not for secrets.
   */
  readonly memo: Memo;
  /**
   * The image that is attached for the browser of this node's console, as a file where the conductor runs;
   * null when there is none. Looks anew each time, and may be kept: it works after the task has ended.
   */
  readonly media?: () => Promise<SharedFile | null>;
  /** Aborts at the task's deadline and at shutdown; a driver ends its work promptly then. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly config: Config;
}

export interface Memo {
  get(): Json | undefined;
  /** Resolves when saved. `undefined` forgets. */
  set(value: Json | undefined): Promise<void>;
}

/** What every interface has. */
export interface DriverInterface {
  /** Option name → one-sentence description, for `GET /v1/drivers/X/properties`. */
  getProperties(): Record<string, string>;
  /**
   * Judges driver_info. Fast, no network: it runs inside API requests.
   * @throws {MissingParameterValue} {@link InvalidParameterValue} naming the option
   */
  validate(task: Task): void | Promise<void>;
}

export interface ConsoleInterface extends DriverInterface {
  /**
   * Starts the console; starting a started one succeeds. Resolves only when the endpoint really
   * answers. On failure or abort leaves nothing running and nothing changed.
   */
  startConsole(task: Task): Promise<ConsoleEndpoint>;
  /** Stops it; stopping a stopped one succeeds. Puts back what start changed on the machine. */
  stopConsole(task: Task): Promise<void>;
  /**
   * Returns the endpoint of the running console without any side effect on it.
   * @throws {NodeConsoleNotEnabled} when there is none
   */
  getConsole(task: Task): Promise<ConsoleEndpoint>;
  /**
   * Asks whether the running console still answers. Must not disturb a viewer.
   * @throws {ConsoleError} saying what is wrong; the conductor then restarts the console
   */
  checkConsole?(task: Task): Promise<void>;
  /**
   * Gives a recipe a try on this node without touching its console, for consoles that go through a BMC's
   * web page.
   * @param recipe the text of a YAML file
   * @throws {InvalidParameterValue} when it is no recipe
   */
  tryRecipe?(task: Task, recipe: string): Promise<RecipeTrial>;
  /** What went wrong at the last start that a viewer asked for; null when it went well. For operators only. */
  lastFailure?(task: Task): Promise<ConsoleFailure | null>;
  /** Ends whatever still reads a file that Task.media gave; the console stays enabled. */
  takeBackMedia?(task: Task): Promise<void>;
  /**
   * Begins to end what runs for the node's viewers, and does not wait for it: the node changes hands, and who
   * comes next gets nothing of it. The console stays enabled.
   */
  changeHands?(task: Task): Promise<void>;
  /** Ends everything this driver runs by itself, when the conductor stops. Consoles stay enabled. */
  close?(): Promise<void>;
}

/** A start that failed, for the operator. */
export interface ConsoleFailure {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly step: StartStep;
  readonly failure: StartFailure;
  readonly message: string;
  /** What the page showed then, a PNG; null when there was no page. */
  readonly screenshot: Uint8Array | null;
  /** Where the page was, without its query; null when there was none. */
  readonly pageUrl: string | null;
}

/** What came of a recipe's try. */
export interface RecipeTrial {
  readonly steps: readonly {
    /** `login: fill #user`, as the recipe says. */
    readonly what: string;
    readonly milliseconds: number;
  }[];
  readonly failure: ConsoleFailure | null;
  /** What the viewer showed in the end, a PNG. */
  readonly screenshot: Uint8Array | null;
}

export interface PowerInterface extends DriverInterface {
  getPowerState(task: Task): Promise<PowerState>;
  getSupportedPowerTargets(task: Task): readonly PowerTarget[];
  /**
   * Resolves when the machine reports the target state.
   * @param timeoutSeconds how long to wait for it, > 0
   */
  setPowerState(task: Task, target: PowerTarget, timeoutSeconds: number): Promise<void>;
}

export interface BootDevice {
  /** Ironic's names: pxe, disk, cdrom, bios, safe, wanboot, floppy; null when unknown. */
  readonly bootDevice: string | null;
  readonly persistent: boolean | null;
}

/** Ironic's names of virtual drives; `disk` is a USB stick. */
export type VirtualMediaType = "cdrom" | "disk" | "floppy";

/** One virtual drive, as its BMC describes it. All texts are the BMC's own and not to be trusted. */
export interface VirtualMediaDevice {
  /** The BMC's name of it, for example `CD` or `Slot_0`. */
  readonly device: string;
  /** Redfish's words: CD, DVD, USBStick, Floppy. */
  readonly mediaTypes: readonly string[];
  /** Null when it fits none of ours. */
  readonly deviceType: VirtualMediaType | null;
  readonly inserted: boolean;
  /** URL or name of what is inserted. */
  readonly image: string | null;
  readonly connectedVia: string | null;
  readonly writeProtected: boolean | null;
}

export interface ManagementInterface extends DriverInterface {
  /** Where a BMC's own connections come from, as far as driver_info says: a host name or an address. */
  getBmcHost?(task: Task): string;
  /**
   * Puts an image into a virtual drive. Resolves when the BMC says that it is inserted. On failure the drive is
   * left empty, as far as the BMC lets us.
   * @param imageUrl http or https; a secret, because who knows it can read the image
   * @throws {BmcFeatureMissing} when the BMC has no such drive; {@link ConsoleError} when it is taken
   */
  attachVirtualMedia?(task: Task, deviceType: VirtualMediaType, imageUrl: Secret): Promise<void>;
  /** Ejects whatever is in these drives; ejecting from an empty one succeeds. */
  detachVirtualMedia?(task: Task, deviceTypes: readonly VirtualMediaType[]): Promise<void>;
  getVirtualMedia?(task: Task): Promise<readonly VirtualMediaDevice[]>;
  getSupportedBootDevices(task: Task): readonly string[];
  getBootDevice(task: Task): Promise<BootDevice>;
  /** @throws {InvalidParameterValue} for a device that is not supported */
  setBootDevice(task: Task, device: string, persistent: boolean): Promise<void>;
  injectNmi?(task: Task): Promise<void>;
}

/** What one sensor says. A sensor that the machine has but cannot read now is listed too. */
export interface SensorReading {
  /** The BMC's own name, unique within one answer. */
  readonly name: string;
  readonly kind: "temperature" | "voltage" | "current" | "power" | "fan" | "other";
  /** Null when it has no reading, or says words instead of a number. */
  readonly value: number | null;
  /** `Cel`, `V`, `A`, `W`, `RPM`, `%` or the BMC's own word. */
  readonly unit: string | null;
  readonly state: "ok" | "warning" | "critical" | "absent" | "unknown";
  /** In the sensor's unit; null where the BMC has none. */
  readonly thresholds: {
    readonly lowerFatal: number | null;
    readonly lowerCritical: number | null;
    readonly lowerWarning: number | null;
    readonly upperWarning: number | null;
    readonly upperCritical: number | null;
    readonly upperFatal: number | null;
  };
  /** The BMC's words of a sensor that has states instead of a number, for example "Presence detected". */
  readonly text: string | null;
}

/** One record of the BMC's event log (IPMI SEL, Redfish LogEntry). */
export interface EventLogEntry {
  /** The BMC's own, unique within its log. */
  readonly id: string;
  /** Milliseconds since the epoch; null when the BMC's clock was not set. */
  readonly time: number | null;
  readonly severity: "ok" | "warning" | "critical";
  /** The sensor it is about. */
  readonly sensor: string | null;
  readonly message: string;
  /** False when the condition went away; null when the BMC does not say. */
  readonly asserted: boolean | null;
}

/**
 * What a BMC knows of its machine's health. A node's telemetry interface is the one that has the name of
 * its management interface: both ask the same service of the same BMC.
 */
export interface TelemetryInterface extends DriverInterface {
  /** @throws {BmcUnreachable} … and leaves out nothing silently: an unreadable sensor is `unknown` */
  getSensors(task: Task): Promise<readonly SensorReading[]>;
  /** Newest first, at most `limit`. */
  getEventLog(task: Task, limit: number): Promise<readonly EventLogEntry[]>;
  clearEventLog(task: Task): Promise<void>;
}

/** A JSON Schema (draft-07) of driver_info options; `secret: true` marks what is sealed and masked. */
export interface DriverInfoSchema {
  readonly type: "object";
  readonly required?: readonly string[];
  readonly properties: {
    readonly [option: string]: {
      readonly description: string;
      readonly secret?: boolean;
      readonly [keyword: string]: unknown;
    };
  };
  readonly [keyword: string]: unknown;
}

interface ModuleOf<TKind extends DrivenInterfaceType | "telemetry", TInterface> {
  /** Public name, as in `enabled_console_interfaces` and a node's `console_interface`. */
  readonly name: string;
  readonly apiVersion: number;
  readonly interfaceType: TKind;
  /** Its options: validates driver_info, feeds the properties API and the documentation. */
  readonly schema: DriverInfoSchema;
  /** Makes the one instance of a conductor. Throws DriverLoadError when a needed program is missing. */
  create(environment: DriverEnvironment): TInterface;
}

/** What a driver has of the conductor that loads it. */
export interface DriverEnvironment {
  readonly config: Config;
  readonly log: Logger;
  /** What several drivers of one conductor use together: made by the first one that asks. */
  readonly shared: SharedParts;
}

export class SharedParts {
  readonly #parts = new Map<string, object>();

  once<T extends object>(name: string, make: () => T): T {
    const part = this.#parts.get(name) ?? make();
    this.#parts.set(name, part);
    return part as T;
  }
}

export type ConsoleDriverModule = ModuleOf<"console", ConsoleInterface>;
export type PowerDriverModule = ModuleOf<"power", PowerInterface>;
export type ManagementDriverModule = ModuleOf<"management", ManagementInterface>;
export type TelemetryDriverModule = ModuleOf<"telemetry", TelemetryInterface>;
export type DriverModule = ConsoleDriverModule | PowerDriverModule | ManagementDriverModule;

/** A hardware type: which interfaces it supports, in order of preference, by public name. */
export interface HardwareType {
  readonly name: string;
  readonly supportedInterfaces: { readonly [T in InterfaceType]: readonly string[] };
  /** fake-hardware's special rule: any enabled console interface is accepted. */
  readonly acceptsAnyConsoleInterface?: boolean;
}

/**
 * The conductor as the api sees it: the one file of this folder that the api may import. Every write
 * to a node goes through here, because one process owns node state.
 */
import type { Clock } from "../common/clock.ts";
import type { StartFailure, StartStep } from "../common/console-prelude.ts";
import type { ConsoleType } from "../common/console-endpoint.ts";
import type { Node, NodeChanges, PowerTarget } from "../common/node.ts";
import type { RequestContext } from "../common/request-context.ts";
import type { LineState, MediaDeviceType, NodeMedia, SessionMode } from "../db/database.ts";
import type {
  BootDevice,
  EventLogEntry,
  SensorReading,
  VirtualMediaDevice,
} from "../drivers/base.ts";
import { RpcClient, type RpcClientDeps } from "./rpc-client.ts";

/** Which conductor handles a node, for what the api shows and filters by. */
export { conductorOf } from "./placement.ts";

export type { EventLogEntry, SensorReading } from "../drivers/base.ts";

/** What a BMC said of its machine's sensors, and when. */
export interface CollectedSensors {
  /** Milliseconds since the epoch. */
  readonly collectedAt: number;
  readonly readings: readonly SensorReading[];
}

/** What to put into a virtual drive: an image of the library, or what another server has. */
export type MediaRequest = Pick<NodeMedia, "deviceType" | "ejectOn" | "via"> &
  ({ readonly imageUuid: string } | { readonly imageUrl: string });

/** A virtual drive as its BMC says, and what we put into it. */
export type VirtualMediaView = Omit<VirtualMediaDevice, "device"> & {
  /** Null for what is given to a browser, or is not in any drive yet. */
  readonly device: string | null;
  readonly attachment:
    | (Pick<
        NodeMedia,
        | "state"
        | "via"
        | "imageUuid"
        | "imageUrl"
        | "ejectOn"
        | "attachedAt"
        | "expiresAt"
        | "error"
        | "servedBytes"
        | "servedAt"
      > & { readonly imageName: string | null })
    | null;
};

/**
 * What an operator may set when creating a node. driver_info, instance_info, … come in the clear and
 * are sealed by the conductor.
 */
export type NodeCreation = Pick<Node, "driver"> & { readonly uuid?: string } & NodeChanges;

export interface InterfaceValidation {
  readonly result: boolean;
  /** Left out on success. */
  readonly reason?: string;
}

export type ProvisionVerb = "manage" | "provide" | "abort" | "deleted" | "adopt";

/**
 * What GET states/console shows as console_info. `type` and `url` are Ironic's; `vnc` and `serial` lead to
 * a page, `socat` is the address of a plain listener.
 */
export interface ConsoleInfo {
  readonly type: "vnc" | "serial" | "socat";
  readonly url: string;
  /** Of a serial console: the same session without the page, for terminals and embedded ones. */
  readonly websocket_url?: string;
  /** Of a serial console: what its line does. */
  readonly line?: {
    readonly state: LineState;
    readonly detail: string | null;
    /** ISO 8601. */
    readonly since: string;
  };
}

/** A start that failed. */
export interface ConsoleFailureReport {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly step: StartStep;
  readonly failure: StartFailure;
  readonly message: string;
  readonly pageUrl: string | null;
  /** A PNG, base64. */
  readonly screenshot: string | null;
}

/** What came of a recipe's try. */
export interface RecipeTrialReport {
  readonly steps: readonly { readonly what: string; readonly milliseconds: number }[];
  readonly failure: ConsoleFailureReport | null;
  /** What the viewer showed in the end: a PNG, base64. */
  readonly screenshot: string | null;
}

/**
 * Verbs and names are those of Ironic's `conductor/rpcapi.py`. All arguments and answers are JSON, so
 * that every transport can carry them. Errors are our classes, whatever the transport.
 */
export interface ConductorApi {
  /** @throws {NoValidHost} {@link NodeAlreadyExists} {@link InvalidParameterValue} */
  createNode(context: RequestContext, node: NodeCreation): Promise<Node>;
  /**
   * Applies an operator's changes. Values `******` in driver_info keep the stored secret.
   * @throws {NodeLocked} {@link Conflict} for a driver or console_interface change while the console is enabled
   */
  updateNode(
    context: RequestContext,
    uuid: string,
    changes: NodeChanges,
    options?: { readonly resetInterfaces?: boolean },
  ): Promise<Node>;
  destroyNode(context: RequestContext, uuid: string): Promise<void>;
  validateDriverInterfaces(
    context: RequestContext,
    uuid: string,
  ): Promise<Record<string, InterfaceValidation>>;
  /** Validates at once, then works in the background; failures end up in last_error. */
  setConsoleMode(context: RequestContext, uuid: string, enabled: boolean): Promise<void>;
  /**
   * Mints a new token for the caller and returns the console's URL; no side effect on the console.
   * @throws {NodeConsoleNotEnabled}
   */
  getConsoleInformation(
    context: RequestContext,
    uuid: string,
    options?: {
      readonly mode?: SessionMode;
      readonly consoleType?: ConsoleType;
      /** Who gets a signed POST when a session by this link has ended. */
      readonly closeUrl?: string;
    },
  ): Promise<ConsoleInfo>;
  /**
   * @returns a new token with which the proxies give out the node's console log, for a minute. The console
   * may be off.
   */
  authorizeConsoleLog(context: RequestContext, uuid: string): Promise<string>;
  /**
   * Runs a recipe on this node's BMC in a session of its own; the console is not touched.
   * @param recipe text of a YAML file
   * @throws {InvalidParameterValue} when it is no recipe
   * @throws {UnsupportedDriverExtension} when the node's console goes through no web page
   */
  tryConsoleRecipe(
    context: RequestContext,
    uuid: string,
    recipe: string,
  ): Promise<RecipeTrialReport>;
  /** What the last start that a viewer asked for failed at. @throws as {@link tryConsoleRecipe} */
  getConsoleFailure(
    context: RequestContext,
    uuid: string,
  ): Promise<{ readonly failure: ConsoleFailureReport | null }>;
  /** Accepts at once, works in the background. */
  changeNodePowerState(
    context: RequestContext,
    uuid: string,
    target: PowerTarget,
    timeoutSeconds?: number,
  ): Promise<void>;
  doProvisioningAction(context: RequestContext, uuid: string, verb: ProvisionVerb): Promise<void>;
  getSupportedBootDevices(context: RequestContext, uuid: string): Promise<readonly string[]>;
  getBootDevice(context: RequestContext, uuid: string): Promise<BootDevice>;
  setBootDevice(
    context: RequestContext,
    uuid: string,
    device: string,
    persistent: boolean,
  ): Promise<void>;
  injectNmi(context: RequestContext, uuid: string): Promise<void>;
  /**
   * Judges at once, then has the BMC take the image in the background; failures end up in last_error.
   * @throws {Conflict} when that drive has one of ours; {@link ImageNotFound}
   */
  attachVirtualMedia(context: RequestContext, uuid: string, media: MediaRequest): Promise<void>;
  /** Ends the links at once, then ejects in the background, whoever had inserted what is there. */
  detachVirtualMedia(
    context: RequestContext,
    uuid: string,
    options: { readonly deviceTypes: readonly MediaDeviceType[] },
  ): Promise<void>;
  getVirtualMedia(context: RequestContext, uuid: string): Promise<readonly VirtualMediaView[]>;
  /**
   * Reads the sensors from the BMC now, and keeps what it said for `?cached=true`. Texts are
   * bounded and fit for one line.
   * @throws {UnsupportedDriverExtension} when nothing reads this node's sensors
   */
  getSensors(context: RequestContext, uuid: string): Promise<CollectedSensors>;
  /** Newest first, at most `limit` and never more than 1000; texts as with {@link getSensors}. */
  getEventLog(
    context: RequestContext,
    uuid: string,
    limit: number,
  ): Promise<readonly EventLogEntry[]>;
  clearEventLog(context: RequestContext, uuid: string): Promise<void>;
  /** Merged options of all enabled interfaces of a hardware type. @throws {DriverNotFound} */
  getDriverProperties(
    context: RequestContext,
    hardwareType: string,
  ): Promise<Record<string, string>>;
}

/**
 * The conductors of this cloud over JSON-RPC, picked by placement for every call.
 * @throws {StartupError} {@link ConfigInvalid} without usable credentials, and from its verbs
 * {@link TemporaryFailure} while no conductor answers
 */
export function connectConductors(
  deps: RpcClientDeps & { readonly clock: Clock },
): ConductorApi & { stop(): Promise<void> } {
  const client = new RpcClient(deps);
  return { ...client.verbs(), stop: () => client.stop() };
}

/**
 * The conductor as the api sees it: the one file of this folder that the api may import. Every write
 * to a node goes through here, because one process owns node state.
 */
import type { Clock } from "../common/clock.ts";
import type { ConsoleType } from "../common/console-endpoint.ts";
import type { Node, NodeChanges, PowerTarget } from "../common/node.ts";
import type { RequestContext } from "../common/request-context.ts";
import type { SessionMode } from "../db/database.ts";
import type { BootDevice } from "../drivers/base.ts";
import { RpcClient, type RpcClientDeps } from "./rpc-client.ts";

/** Which conductor handles a node, for what the api shows and filters by. */
export { conductorOf } from "./placement.ts";

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

/** What GET states/console shows as console_info. */
export interface ConsoleInfo {
  readonly type: string;
  readonly url: string;
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
    options?: { readonly mode?: SessionMode; readonly consoleType?: ConsoleType },
  ): Promise<ConsoleInfo>;
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

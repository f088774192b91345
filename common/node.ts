/**
 * Glossary of the house.
 *
 * - node: one physical machine, as Ironic's table of that name.
 * - BMC: the machine's management controller.
 * - hardware type: the value of a node's `driver`; lists the interfaces it supports.
 * - console interface: public name of the driver a node's console uses.
 * - driver_info: operator-given access data; its secrets are sealed in the database.
 * - console_enabled: the operator wants the console on, and the last start succeeded.
 * - reservation: the host name of the conductor that holds the node's exclusive lock.
 * - task: a held lock on a node plus its drivers and log, for one purpose.
 * - console auth token: the grant behind a console URL. session: one connection under it.
 * - host side: toward the machine. tenant side: toward the browser.
 */
import type { StoredConsoleEndpoint } from "./console-endpoint.ts";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** Interface types of a hardware type that this service really drives. */
export const DRIVEN_INTERFACE_TYPES = ["console", "management", "power"] as const;
/** Interface types that clients expect to see, of which a console service needs nothing. */
export const PLACEHOLDER_INTERFACE_TYPES = [
  "bios",
  "boot",
  "deploy",
  "inspect",
  "network",
  "raid",
  "rescue",
  "storage",
  "vendor",
] as const;
export const INTERFACE_TYPES = [...DRIVEN_INTERFACE_TYPES, ...PLACEHOLDER_INTERFACE_TYPES] as const;
export type DrivenInterfaceType = (typeof DRIVEN_INTERFACE_TYPES)[number];
export type InterfaceType = (typeof INTERFACE_TYPES)[number];

export type PowerState = "power on" | "power off" | "error";
export type PowerTarget =
  | "power on"
  | "power off"
  | "rebooting"
  | "soft rebooting"
  | "soft power off";

/** The provision states a console service can be asked to bring a node to; names are Ironic's. */
export type ProvisionState = "enroll" | "verifying" | "manageable" | "available" | "active";

/** UTF-16 units of last_error at most; what is longer ends in an ellipsis. */
export const LAST_ERROR_LIMIT = 2000;

/** One row of `nodes`. Times are milliseconds since the epoch. Keys are Ironic's, in camelCase. */
export interface Node {
  readonly uuid: string;
  readonly name: string | null;
  readonly driver: string;
  /** Values that are secrets stand as `{"$sealed": envelope}`, see secret-box.ts. */
  readonly driverInfo: JsonObject;
  readonly driverInternalInfo: JsonObject;
  readonly properties: JsonObject;
  readonly extra: JsonObject;
  readonly instanceInfo: JsonObject;
  readonly instanceUuid: string | null;
  readonly networkData: JsonObject;

  readonly biosInterface: string | null;
  readonly bootInterface: string | null;
  readonly consoleInterface: string | null;
  readonly deployInterface: string | null;
  readonly inspectInterface: string | null;
  readonly managementInterface: string | null;
  readonly networkInterface: string | null;
  readonly powerInterface: string | null;
  readonly raidInterface: string | null;
  readonly rescueInterface: string | null;
  readonly storageInterface: string | null;
  readonly vendorInterface: string | null;

  readonly consoleEnabled: boolean;
  /** Where the running console is; internal, never shown. */
  readonly consoleEndpoint: StoredConsoleEndpoint | null;
  /**
   * What a serial line said before this time was said to somebody else: to a former tenant, or while the
   * console was another one. New viewers do not get it. Internal, never shown.
   */
  readonly consoleHistorySince: number | null;
  /** What a driver's interfaces asked to remember, by interface type; internal, never shown. */
  readonly driverMemos: JsonObject;

  readonly powerState: PowerState | null;
  readonly targetPowerState: PowerState | null;
  readonly provisionState: ProvisionState;
  readonly targetProvisionState: ProvisionState | null;
  readonly provisionUpdatedAt: number | null;

  readonly maintenance: boolean;
  readonly maintenanceReason: string | null;
  readonly fault: string | null;
  readonly lastError: string | null;
  readonly reservation: string | null;
  /** Host name of the conductor that last started something for this node. */
  readonly conductorAffinity: string | null;
  readonly conductorGroup: string;

  readonly owner: string | null;
  readonly lessee: string | null;
  readonly description: string | null;
  readonly resourceClass: string | null;
  readonly shard: string | null;
  readonly automatedClean: boolean | null;
  readonly protected: boolean;
  readonly protectedReason: string | null;
  readonly retired: boolean;
  readonly retiredReason: string | null;

  readonly createdAt: number;
  readonly updatedAt: number | null;
}

/** What may be changed after creation; `updatedAt` is kept by the repository. */
export type NodeChanges = Partial<Omit<Node, "uuid" | "createdAt" | "updatedAt" | "reservation">>;
/** What a new row needs; the rest has defaults (provision state `enroll`, empty objects, nulls). */
export type NewNode = Pick<Node, "uuid" | "driver"> & NodeChanges;

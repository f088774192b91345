/**
 * The one table of a node's JSON fields, in the order in which Ironic sends them: where a value comes
 * from, since which microversion it is shown, what a caller may write and what one may sort by.
 *
 * Fields of features that a console service has not (deployment, RAID, inspection) are constants, so
 * that stock clients find every key they print.
 */
import type { Json, Node, NodeChanges } from "../../common/node.ts";
import {
  conductorGroup,
  type FieldParser,
  flag,
  nodeName,
  nonEmptyText,
  object,
  onlyFalse,
  orNull,
  text,
  uuid,
} from "./field-values.ts";

/** How a field may be written. */
export interface FieldWrite {
  readonly parse: FieldParser;
  /** Only when the node is created. */
  readonly createOnly?: boolean;
  /** What `remove` leaves; `mandatory` fields cannot be removed. */
  readonly removed?: Json;
  readonly mandatory?: boolean;
}

interface FieldBase {
  readonly name: string;
  /** First minor version that shows it. */
  readonly since: number;
}
interface ColumnField extends FieldBase {
  readonly key: keyof Node;
  /** `time` prints ISO 8601, `masked` hides secrets; else as stored. */
  readonly as?: "time" | "masked";
  readonly write?: FieldWrite;
  readonly sortable?: true;
}
interface ConstantField extends FieldBase {
  readonly constant: Json;
}
interface LinkField extends FieldBase {
  /** Sub-resource below the node; empty for the node itself. */
  readonly links: string;
}
interface PlacementField extends FieldBase {
  /** Host name of the conductor that handles the node now. */
  readonly placement: true;
}
export type NodeField = ColumnField | ConstantField | LinkField | PlacementField;
/** A field that a caller may give, with the column it goes to. */
export interface WritableField extends ColumnField {
  readonly key: keyof NodeChanges;
  readonly write: FieldWrite;
}

const NULLABLE_TEXT = { parse: orNull(text(255)), removed: null } as const;
const OBJECT = { parse: object, removed: {} } as const;
const INTERFACE = { parse: orNull(nonEmptyText), removed: null } as const;
const FLAG = { parse: flag, removed: false } as const;
const sortable = true;

export const NODE_FIELDS: readonly NodeField[] = [
  {
    name: "uuid",
    since: 1,
    key: "uuid",
    sortable,
    write: { parse: uuid, createOnly: true },
  },
  { name: "created_at", since: 1, key: "createdAt", as: "time", sortable },
  { name: "updated_at", since: 1, key: "updatedAt", as: "time", sortable },
  {
    name: "automated_clean",
    since: 47,
    key: "automatedClean",
    sortable,
    write: { parse: orNull(flag), removed: null },
  },
  { name: "bios_interface", since: 40, key: "biosInterface", sortable, write: INTERFACE },
  { name: "boot_interface", since: 31, key: "bootInterface", sortable, write: INTERFACE },
  { name: "boot_mode", since: 75, constant: null },
  { name: "clean_step", since: 7, constant: {} },
  {
    name: "conductor_group",
    since: 46,
    key: "conductorGroup",
    sortable,
    write: { parse: conductorGroup, removed: "" },
  },
  {
    name: "console_enabled",
    since: 1,
    key: "consoleEnabled",
    sortable,
    write: { parse: onlyFalse, createOnly: true },
  },
  { name: "console_interface", since: 31, key: "consoleInterface", sortable, write: INTERFACE },
  { name: "deploy_interface", since: 31, key: "deployInterface", sortable, write: INTERFACE },
  { name: "deploy_step", since: 44, constant: {} },
  {
    name: "description",
    since: 51,
    key: "description",
    sortable,
    write: { parse: orNull(text(4096)), removed: null },
  },
  {
    name: "driver",
    since: 1,
    key: "driver",
    sortable,
    write: { parse: nonEmptyText, mandatory: true },
  },
  { name: "driver_info", since: 1, key: "driverInfo", as: "masked", write: OBJECT },
  { name: "driver_internal_info", since: 3, key: "driverInternalInfo", as: "masked" },
  { name: "extra", since: 1, key: "extra", write: OBJECT },
  { name: "fault", since: 42, key: "fault", sortable },
  { name: "firmware_interface", since: 86, constant: "no-firmware" },
  { name: "inspection_finished_at", since: 6, constant: null },
  { name: "inspection_started_at", since: 6, constant: null },
  { name: "inspect_interface", since: 31, key: "inspectInterface", sortable, write: INTERFACE },
  { name: "instance_info", since: 1, key: "instanceInfo", as: "masked", write: OBJECT },
  {
    name: "instance_uuid",
    since: 1,
    key: "instanceUuid",
    sortable,
    write: { parse: orNull(uuid), removed: null },
  },
  { name: "last_error", since: 1, key: "lastError", sortable },
  { name: "lessee", since: 65, key: "lessee", sortable, write: NULLABLE_TEXT },
  { name: "maintenance", since: 1, key: "maintenance", sortable, write: FLAG },
  { name: "maintenance_reason", since: 1, key: "maintenanceReason", sortable },
  {
    name: "management_interface",
    since: 31,
    key: "managementInterface",
    sortable,
    write: INTERFACE,
  },
  {
    name: "name",
    since: 5,
    key: "name",
    sortable,
    write: { parse: orNull(nodeName), removed: null },
  },
  { name: "network_data", since: 66, key: "networkData", write: OBJECT },
  { name: "network_interface", since: 20, key: "networkInterface", sortable, write: INTERFACE },
  { name: "owner", since: 50, key: "owner", sortable, write: NULLABLE_TEXT },
  { name: "parent_node", since: 83, constant: null },
  { name: "power_interface", since: 31, key: "powerInterface", sortable, write: INTERFACE },
  { name: "power_state", since: 1, key: "powerState", sortable },
  { name: "properties", since: 1, key: "properties", write: OBJECT },
  { name: "protected", since: 48, key: "protected", sortable, write: FLAG },
  { name: "protected_reason", since: 48, key: "protectedReason", sortable, write: NULLABLE_TEXT },
  { name: "provision_state", since: 1, key: "provisionState", sortable },
  {
    name: "provision_updated_at",
    since: 1,
    key: "provisionUpdatedAt",
    as: "time",
    sortable,
  },
  { name: "raid_config", since: 12, constant: {} },
  { name: "raid_interface", since: 31, key: "raidInterface", sortable, write: INTERFACE },
  { name: "rescue_interface", since: 38, key: "rescueInterface", sortable, write: INTERFACE },
  { name: "reservation", since: 1, key: "reservation", sortable },
  {
    name: "resource_class",
    since: 21,
    key: "resourceClass",
    sortable,
    write: { parse: orNull(text(80)), removed: null },
  },
  { name: "retired", since: 61, key: "retired", sortable, write: FLAG },
  { name: "retired_reason", since: 61, key: "retiredReason", sortable, write: NULLABLE_TEXT },
  { name: "secure_boot", since: 75, constant: null },
  { name: "service_step", since: 87, constant: {} },
  { name: "shard", since: 82, key: "shard", sortable, write: NULLABLE_TEXT },
  { name: "storage_interface", since: 33, key: "storageInterface", sortable, write: INTERFACE },
  { name: "target_power_state", since: 1, key: "targetPowerState", sortable },
  { name: "target_provision_state", since: 1, key: "targetProvisionState", sortable },
  { name: "target_raid_config", since: 12, constant: {} },
  { name: "traits", since: 37, constant: [] },
  { name: "vendor_interface", since: 31, key: "vendorInterface", sortable, write: INTERFACE },
  { name: "links", since: 1, links: "" },
  { name: "conductor", since: 49, placement: true },
  { name: "allocation_uuid", since: 52, constant: null },
  { name: "chassis_uuid", since: 1, constant: null },
  { name: "ports", since: 1, links: "/ports" },
  { name: "states", since: 14, links: "/states" },
  { name: "portgroups", since: 24, links: "/portgroups" },
  { name: "volume", since: 32, links: "/volume" },
];

/** What a list shows of each node unless it is asked for more. */
export const DEFAULT_LIST_FIELDS = [
  "uuid",
  "instance_uuid",
  "maintenance",
  "power_state",
  "provision_state",
  "name",
] as const;

export function fieldNamed(name: string): NodeField | undefined {
  return NODE_FIELDS.find((field) => field.name === name);
}

export function isWritable(field: NodeField | undefined): field is WritableField {
  return field !== undefined && "write" in field;
}

export function isPatchable(field: NodeField | undefined): field is WritableField {
  return isWritable(field) && !field.write.createOnly;
}

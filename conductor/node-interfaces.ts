/** Checks and completes a node's interfaces, as Ironic's `check_and_update_node_interfaces`. */
import { INTERFACE_TYPES, type Node, type NodeChanges } from "../common/node.ts";
import type { HardwareType } from "../drivers/base.ts";
import { interfaceField, type DriverFactory, type InterfaceField } from "./driver-factory.ts";

type Interfaces = { [F in InterfaceField]?: string | null };

/**
 * Names the caller gave are checked; what is null gets the default.
 * @param given what the node shall have; a missing or null name asks for the default
 * @throws {InvalidParameterValue} for a name that does not exist here or does not fit the hardware type
 */
export function completeInterfaces(
  drivers: DriverFactory,
  hardwareType: HardwareType,
  given: Interfaces,
): Record<InterfaceField, string> {
  const complete: Partial<Record<InterfaceField, string>> = {};
  for (const type of INTERFACE_TYPES) {
    const field = interfaceField(type);
    const name = given[field] ?? null;
    if (name !== null) drivers.checkInterface(hardwareType, type, name);
    complete[field] = name ?? drivers.defaultInterface(hardwareType, type);
  }
  return complete as Record<InterfaceField, string>;
}

/** The interfaces a node would have after these changes, before defaults are filled in. */
export function wantedInterfaces(
  node: Node,
  changes: NodeChanges,
  resetInterfaces: boolean,
): Interfaces {
  const wanted: Interfaces = {};
  for (const type of INTERFACE_TYPES) {
    const field = interfaceField(type);
    const kept = resetInterfaces ? null : node[field];
    wanted[field] = changes[field] === undefined ? kept : changes[field];
  }
  return wanted;
}

/** Names of the interface columns that these changes touch. */
export function touchedInterfaces(node: Node, changes: NodeChanges): InterfaceField[] {
  return INTERFACE_TYPES.map((type) => interfaceField(type)).filter(
    (field) => changes[field] !== undefined && changes[field] !== node[field],
  );
}

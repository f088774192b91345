/** An operator's changes to a node, with the rules of Ironic's `update_node` and one more 409. */
import { Conflict } from "../common/errors.ts";
import type { Node, NodeChanges } from "../common/node.ts";
import type { RequestContext } from "../common/request-context.ts";
import type { ConsoleControl } from "./console-control.ts";
import type { MediaControl } from "./media-control.ts";
import { isDriven } from "./driver-factory.ts";
import type { MemoChanges } from "./memo-store.ts";
import { differs, writableChanges } from "./node-fields.ts";
import { completeInterfaces, touchedInterfaces, wantedInterfaces } from "./node-interfaces.ts";
import { sealedFields } from "./node-lifecycle.ts";
import { noValidHost } from "./placement.ts";
import type { ConductorApi } from "./rpcapi.ts";
import type { ConductorService } from "./service.ts";

/** FACT(ironic conductor/manager.py update_node): plus its inspection states, which we do not have. */
const INTERFACE_UPDATE_STATES: readonly string[] = ["enroll", "manageable", "available"];

/** In whose hands a machine is. */
const HANDS = ["owner", "lessee", "instanceUuid"] as const;

export function createNodeUpdate(
  service: ConductorService,
  control: ConsoleControl,
  media: MediaControl,
): Pick<ConductorApi, "updateNode"> {
  async function updateNode(
    context: RequestContext,
    uuid: string,
    sent: NodeChanges,
    options: { readonly resetInterfaces?: boolean } = {},
  ): Promise<Node> {
    const changes = writableChanges(sent);
    await using task = await service.tasks.acquire(uuid, {
      shared: false,
      purpose: "updating the node",
      forDriver: changes.driver,
    });
    const { node } = task;
    refuseWhileConsoleRuns(node, changes);
    refuseReassociation(node, changes);
    refuseForeignPlacement(node, changes);
    const interfaces = interfaceChanges(node, changes, options.resetInterfaces ?? false);
    const leaves = HANDS.some((field) => node[field] !== null && differs(changes, node, field));
    // First, so that a crash in between leaves no former tenant a way in.
    if (leaves) await control.cutOff(node.uuid, "node_released");
    const inserted = leaves && (await media.cutOff(node.uuid));
    const written = await task.saveMemos(forgottenMemos(node, { ...changes, ...interfaces }), {
      ...changes,
      ...interfaces,
      ...sealedFields(service, node.uuid, changes, node),
      ...leftMaintenance(changes),
      ...changedHands(node, changes, service.clock.now()),
    });
    // What was opened in between with the old one's rights.
    if (leaves) await control.changeHands(task);
    if (inserted) media.ejectLater(task);
    task.log.info("node updated", {
      fields: Object.keys(changes),
      requestId: context.requestId,
    });
    return written;
  }

  /** A node may only move to a driver and group that this conductor serves; the api asks the right one. */
  function refuseForeignPlacement(node: Node, changes: NodeChanges): void {
    const driver = changes.driver ?? node.driver;
    const group = changes.conductorGroup ?? node.conductorGroup;
    if (!differs(changes, node, "driver") && !differs(changes, node, "conductorGroup")) return;
    if (group !== service.group || !service.drivers.hardwareTypes.includes(driver))
      throw noValidHost(driver, group);
  }

  function interfaceChanges(
    node: Node,
    changes: NodeChanges,
    resetInterfaces: boolean,
  ): NodeChanges {
    const touched = touchedInterfaces(node, changes);
    const newDriver = differs(changes, node, "driver");
    if (touched.length === 0 && !newDriver) return {};
    const allowed = INTERFACE_UPDATE_STATES.includes(node.provisionState) || node.maintenance;
    const [first] = touched;
    if (first !== undefined && !allowed)
      throw new Conflict(
        `Node ${node.uuid} can not have ${snakeCase(first)} updated unless it is in one of allowed (${INTERFACE_UPDATE_STATES.join(", ")}) states or in maintenance mode.`,
      );
    const hardwareType = service.drivers.hardwareType(changes.driver ?? node.driver);
    const wanted = wantedInterfaces(node, changes, newDriver && resetInterfaces);
    return completeInterfaces(service.drivers, hardwareType, wanted);
  }

  return { updateNode };
}

/** Changing what drives a running console would orphan it (upstream lets console_interface pass). */
function refuseWhileConsoleRuns(node: Node, changes: NodeChanges): void {
  if (!node.consoleEnabled) return;
  const what = differs(changes, node, "driver")
    ? "driver"
    : differs(changes, node, "consoleInterface")
      ? "console_interface"
      : undefined;
  if (what !== undefined)
    throw new Conflict(
      `Node ${node.uuid} can not update the ${what} while the console is enabled. Please stop the console first.`,
    );
}

function refuseReassociation(node: Node, changes: NodeChanges): void {
  const wanted = changes.instanceUuid;
  if (wanted === undefined || wanted === null || node.instanceUuid === null) return;
  if (wanted !== node.instanceUuid)
    throw new Conflict(`Node ${node.uuid} is associated with instance ${node.instanceUuid}.`);
}

/** What an interface had asked to be remembered means nothing to another one. */
function forgottenMemos(node: Node, changes: NodeChanges): MemoChanges {
  const forgotten: Record<string, undefined> = {};
  for (const field of touchedInterfaces(node, changes)) {
    const type = field.replace("Interface", "") as Parameters<typeof isDriven>[0];
    if (isDriven(type)) forgotten[type] = undefined;
  }
  return forgotten;
}

/** As Ironic: out of maintenance, out of its reason and fault. */
function leftMaintenance(changes: NodeChanges): NodeChanges {
  return changes.maintenance === false ? { maintenanceReason: null, fault: null } : {};
}

/** Another project's eyes must not see what the serial line said before, to operators neither. */
function changedHands(node: Node, changes: NodeChanges, now: number): NodeChanges {
  const moved = HANDS.some((field) => differs(changes, node, field));
  return moved ? { consoleHistorySince: now } : {};
}

function snakeCase(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

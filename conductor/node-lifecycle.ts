/** A node comes and goes: create and destroy, with the rules of Ironic's `create_node`, `destroy_node`. */
import { randomUUID } from "node:crypto";
import { Conflict, messageOf, NotAuthorized } from "../common/errors.ts";
import type { JsonObject, Node, NodeChanges } from "../common/node.ts";
import type { RequestContext } from "../common/request-context.ts";
import type { ConsoleControl } from "./console-control.ts";
import type { MediaControl } from "./media-control.ts";
import { withConsoleEvent } from "./console-event.ts";
import type { SecretHome } from "./driver-info-secrets.ts";
import { writableChanges } from "./node-fields.ts";
import { completeInterfaces } from "./node-interfaces.ts";
import type { NodeTask } from "./node-task.ts";
import { noValidHost } from "./placement.ts";
import type { ConductorApi, NodeCreation } from "./rpcapi.ts";
import type { ConductorService } from "./service.ts";

/** FACT(ironic common/states.py DELETE_ALLOWED_STATES, allow_deleting_available_nodes on). */
const DELETE_ALLOWED_STATES: readonly string[] = ["available", "enroll", "manageable"];

export function createNodeLifecycle(
  service: ConductorService,
  control: ConsoleControl,
  media: MediaControl,
): Pick<ConductorApi, "createNode" | "destroyNode"> {
  async function createNode(context: RequestContext, creation: NodeCreation): Promise<Node> {
    const { uuid = randomUUID(), provisionState = "enroll", ...sent } = creation;
    const changes = writableChanges(sent);
    const group = changes.conductorGroup ?? "";
    if (group !== service.group || !service.drivers.hardwareTypes.includes(creation.driver))
      throw noValidHost(creation.driver, group);
    const node = await service.database.nodes.create({
      ...changes,
      ...completeInterfaces(
        service.drivers,
        service.drivers.hardwareType(creation.driver),
        changes,
      ),
      ...sealedFields(service, uuid, changes),
      driver: creation.driver,
      provisionState,
      uuid,
    });
    service.log.info("node created", {
      node: uuid,
      driver: node.driver,
      requestId: context.requestId,
    });
    return node;
  }

  async function destroyNode(context: RequestContext, uuid: string): Promise<void> {
    await using task = await service.tasks.acquire(uuid, {
      shared: false,
      purpose: "deleting the node",
    });
    refuseDeletion(task.node);
    if (task.node.consoleEnabled) await stopConsole(task, context.requestId);
    if (await media.cutOff(task.node.uuid)) await media.eject(task);
    /* A driver may have taken a minute: whoever came in meanwhile is cut off now and by the deletion. */
    await control.cutOff(task.node.uuid, "node_deleted");
    await service.database.nodes.destroy(task.node.uuid);
    task.log.info("node deleted", { requestId: context.requestId });
  }

  /** A driver that cannot stop the console does not keep the node; one that cannot be loaded does. */
  async function stopConsole(task: NodeTask, requestId: string): Promise<void> {
    task.interfaceOf("console");
    /* From here on nobody gets a link. */
    await task.saveMemos({ conductor: { console: "disabling" } });
    try {
      await withConsoleEvent(task, "console_stop", { requestId }, () =>
        control.stop(task, "node_deleted"),
      );
    } catch (error) {
      task.log.error("failed to stop the console while deleting the node", {
        reason: messageOf(error),
      });
    }
  }

  return { createNode, destroyNode };
}

/**
 * Seals driver_info and instance_info of a caller's changes.
 * @param node the row as stored, from which `******` keeps secrets
 */
export function sealedFields(
  service: Pick<ConductorService, "secrets">,
  nodeUuid: string,
  changes: NodeChanges,
  node?: Node,
): NodeChanges {
  const seal = (field: SecretHome["field"], sent: JsonObject, stored: JsonObject): JsonObject =>
    service.secrets.seal(sent, stored, { nodeUuid, field });
  const { driverInfo, instanceInfo } = changes;
  return {
    ...(driverInfo && { driverInfo: seal("driver_info", driverInfo, node?.driverInfo ?? {}) }),
    ...(instanceInfo && {
      instanceInfo: seal("instance_info", instanceInfo, node?.instanceInfo ?? {}),
    }),
  };
}

function refuseDeletion(node: Node): void {
  if (node.protected)
    throw new NotAuthorized(
      `Node ${node.uuid} is protected and can not be undeployed, rebuilt or deleted: ${node.protectedReason ?? "no reason given"}`,
    );
  if (node.maintenance) return;
  if (node.instanceUuid !== null)
    throw new Conflict(`Node ${node.uuid} is associated with instance ${node.instanceUuid}.`);
  if (!DELETE_ALLOWED_STATES.includes(node.provisionState))
    throw new Conflict(
      `Can not delete node "${node.uuid}" while it is in provision state "${node.provisionState}". ` +
        `Valid provision states to perform deletion are: "${DELETE_ALLOWED_STATES.join(", ")}", or set the node into maintenance mode`,
    );
}

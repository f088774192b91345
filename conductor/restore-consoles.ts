/**
 * At start: what a crash interrupted is carried on or given up with a reason, and every console that
 * should be on is looked at and, when it does not answer, started again. A console that cannot be
 * brought back is off afterwards, and last_error says why, as in Ironic.
 */
import { messageOf, NodeLocked, NodeNotFound } from "../common/errors.ts";
import type { Node } from "../common/node.ts";
import type { ConsoleControl } from "./console-control.ts";
import { withConsoleEvent } from "./console-event.ts";
import { forEachLimited } from "./for-each-limited.ts";
import { pendingConsoleChange } from "./memo-store.ts";
import type { NodeTask } from "./node-task.ts";
import { ownNodes } from "./own-nodes.ts";
import type { ConductorService } from "./service.ts";

/** Consoles started at the same time after a start or a take-over. */
const AT_ONCE = 8;

export interface ConsoleRestorer {
  /**
   * Settles what was begun on this conductor's nodes and is not being worked on. The rows say what that
   * is, so nothing is lost when the one who released a lock died before settling.
   */
  settleForgotten(): Promise<void>;
  /** Brings back the consoles of these nodes. Ends early when the conductor stops. */
  restore(nodes: readonly Node[]): Promise<void>;
  /** The nodes of this conductor whose console should be on. */
  enabledNodes(): Promise<Node[]>;
}

export function createConsoleRestorer(
  service: ConductorService,
  control: ConsoleControl,
  carryOn: (task: NodeTask) => Promise<void>,
): ConsoleRestorer {
  const held = async (
    node: string,
    purpose: string,
    work: (task: NodeTask) => Promise<void>,
  ): Promise<void> => {
    try {
      await using task = await service.tasks.acquire(node, {
        shared: false,
        purpose,
        atOnce: true,
      });
      await work(task);
    } catch (error) {
      const busy = error instanceof NodeLocked || error instanceof NodeNotFound;
      service.log.log(busy ? "info" : "error", `not done: ${purpose}`, {
        node,
        reason: messageOf(error),
      });
    }
  };

  async function settleOne(task: NodeTask): Promise<void> {
    const { node } = task;
    if (node.targetPowerState !== null)
      await task.save({
        targetPowerState: null,
        lastError: "Pending power operation was aborted due to conductor restart",
      });
    if (node.provisionState === "verifying")
      await task.save({
        provisionState: "enroll",
        targetProvisionState: null,
        provisionUpdatedAt: service.clock.now(),
        lastError: "Verification was aborted due to conductor restart",
      });
    await carryOn(task);
  }

  async function restoreOne(task: NodeTask): Promise<void> {
    if (!task.node.consoleEnabled || pendingConsoleChange(task.node) !== null) return;
    try {
      await withConsoleEvent(task, "console_restore", {}, async () => {
        const outcome = await control.revive(task);
        task.log.info("console restored", { outcome });
      });
    } catch (error) {
      const reason = messageOf(error);
      // Interrupted by our own stop: nothing was learned about the console.
      if (service.pool.signal.aborted) return;
      await task.save({
        consoleEnabled: false,
        consoleEndpoint: null,
        lastError: `Error restoring the console on node ${task.node.uuid}. Reason: ${reason}`,
      });
      await control.cutOff(task.node.uuid, "console_disabled");
    }
  }

  const each = (
    uuids: readonly string[],
    purpose: string,
    work: (task: NodeTask) => Promise<void>,
  ): Promise<void> =>
    forEachLimited(uuids, AT_ONCE, service.pool.signal, (uuid) => held(uuid, purpose, work));

  return {
    async settleForgotten() {
      const forgotten = (await ownNodes(service, {})).filter(isForgotten);
      await each(uuidsOf(forgotten), "settling what a crashed conductor had begun", settleOne);
    },
    restore: (nodes) => each(uuidsOf(nodes), "restoring the console", restoreOne),
    enabledNodes: () => ownNodes(service, { consoleEnabled: true }),
  };
}

/** Begun, and nobody holds the lock that its work would hold. */
function isForgotten(node: Node): boolean {
  if (node.reservation !== null) return false;
  return (
    pendingConsoleChange(node) !== null ||
    node.targetPowerState !== null ||
    node.provisionState === "verifying"
  );
}

function uuidsOf(nodes: readonly Node[]): string[] {
  return nodes.map((node) => node.uuid);
}

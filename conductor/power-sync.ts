/**
 * The periodic reading of power states into the database. It never switches a machine: what the machine
 * says counts. After some failures in a row the state is "error" and last_error says why.
 */
import {
  messageOf,
  NodeLocked,
  NodeNotFound,
  UnsupportedDriverExtension,
} from "../common/errors.ts";
import { LAST_ERROR_LIMIT, type Node } from "../common/node.ts";
import { printable } from "../common/printable.ts";
import { forEachLimited } from "./for-each-limited.ts";
import type { NodeTask } from "./node-task.ts";
import { ownNodes } from "./own-nodes.ts";
import type { ConductorService } from "./service.ts";

/** Machines asked at the same time, as Ironic's sync_power_state_workers. */
const AT_ONCE = 8;
const ASK_SECONDS = 60;
/** FACT(ironic [conductor]power_state_sync_max_retries): 3. */
const FAILURES_UNTIL_ERROR = 3;
/** Opens every last_error of this job, so that it clears no other's. */
const UNREADABLE = "During sync_power_state, the power state could not be read.";

/** @returns the job's function */
export function createPowerSync(service: ConductorService): () => Promise<void> {
  const failures = new Map<string, number>();

  return async () => {
    const nodes = (await ownNodes(service, { maintenance: false })).filter(isDue);
    const known = new Set(nodes.map((node) => node.uuid));
    for (const uuid of failures.keys()) if (!known.has(uuid)) failures.delete(uuid);
    await forEachLimited(nodes, AT_ONCE, service.pool.signal, sync);
  };

  async function sync(node: Node): Promise<void> {
    try {
      await using task = await service.tasks.acquire(node.uuid, {
        shared: true,
        purpose: "reading the power state",
      });
      const sampled = task.node;
      await write(sampled, await read(task));
    } catch (error) {
      const away = error instanceof NodeLocked || error instanceof NodeNotFound;
      const level = away ? "debug" : "error";
      const fields = { node: node.uuid, reason: messageOf(error) };
      service.log.log(level, "could not sync the power state", fields);
    }
  }

  async function read(
    task: NodeTask,
  ): Promise<Pick<Node, "powerState"> & { lastError?: string | null }> {
    const { node } = task;
    try {
      const power = task.interfaceOf("power");
      const powerState = await task.drive(
        { type: "power", seconds: ASK_SECONDS, what: "reading the power state" },
        (held) => power.getPowerState(held),
      );
      failures.delete(node.uuid);
      const ours = node.lastError?.startsWith(UNREADABLE) ?? false;
      return { powerState, ...(ours && { lastError: null }) };
    } catch (error) {
      if (error instanceof UnsupportedDriverExtension) return { powerState: node.powerState };
      const count = (failures.get(node.uuid) ?? 0) + 1;
      failures.set(node.uuid, count);
      const reason = messageOf(error);
      task.log.warn("the power state could not be read", { count, reason });
      if (count < FAILURES_UNTIL_ERROR) return { powerState: node.powerState };
      const lastError = printable(`${UNREADABLE} Error: ${reason}`, LAST_ERROR_LIMIT);
      return { powerState: "error", lastError };
    }
  }

  /** @param node the row before the machine was asked */
  async function write(
    node: Node,
    changes: Pick<Node, "powerState"> & { lastError?: string | null },
  ): Promise<void> {
    const sameError = changes.lastError === undefined || changes.lastError === node.lastError;
    if (changes.powerState === node.powerState && sameError) return;
    await using held = await service.tasks.acquire(node.uuid, {
      shared: false,
      purpose: "saving the power state",
      atOnce: true,
    });
    if (held.node.targetPowerState !== null) return;
    // A power action has ended since the machine was asked, and knows better.
    if (held.node.powerState !== node.powerState) return;
    held.log.info("power state read", { before: node.powerState, now: changes.powerState });
    await held.save(changes);
  }
}

/** A node that was never verified has nothing to compare with; a locked one is being worked on. */
function isDue(node: Node): boolean {
  return (
    node.reservation === null &&
    node.provisionState !== "enroll" &&
    node.provisionState !== "verifying"
  );
}

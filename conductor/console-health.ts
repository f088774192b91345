/**
 * The periodic look at running consoles (upstream never notices a dead back end): one that does not
 * answer gets last_error and is started again, less and less often while that fails. The operator's
 * wish stands: console_enabled stays true.
 */
import { messageOf, NoFreeConductorWorker, NodeLocked, NodeNotFound } from "../common/errors.ts";
import type { Node } from "../common/node.ts";
import type { ConsoleControl } from "./console-control.ts";
import { withConsoleEvent } from "./console-event.ts";
import { forEachLimited } from "./for-each-limited.ts";
import type { NodeTask } from "./node-task.ts";
import type { ConsoleRestorer } from "./restore-consoles.ts";
import type { ConductorService } from "./service.ts";

/** Consoles looked at at the same time. */
const AT_ONCE = 8;
/** Part of the workers that restarts may take: a dead network must not keep operators from theirs. */
const POOL_SHARE = 0.25;
const LONGEST_BACK_OFF_SECONDS = 3600;
/** Opens every last_error of this job, so that it clears no other's. */
const UNHEALTHY = "The console does not answer and is being restarted.";

interface Trouble {
  failures: number;
  /** Not to be looked at again before, milliseconds. */
  notBefore: number;
}

/** @returns the job's function */
export function createConsoleHealth(
  service: ConductorService,
  control: ConsoleControl,
  restorer: Pick<ConsoleRestorer, "enabledNodes">,
): () => Promise<void> {
  const troubles = new Map<string, Trouble>();
  const most = Math.max(1, Math.floor(service.config.conductor.workers_pool_size * POOL_SHARE));
  let restarting = 0;

  return async () => {
    const nodes = await restorer.enabledNodes();
    forgetOthers(troubles, nodes);
    const due = nodes.filter(
      (node) =>
        node.reservation === null &&
        (troubles.get(node.uuid)?.notBefore ?? 0) <= service.clock.now(),
    );
    await forEachLimited(due, AT_ONCE, service.pool.signal, look);
  };

  async function look(node: Node): Promise<void> {
    try {
      await using task = await service.tasks.acquire(node.uuid, {
        shared: true,
        purpose: "checking the console",
      });
      if (!task.node.consoleEnabled) return;
      const reason = await complaint(task);
      if (reason === undefined) await recovered(task);
      else await heal(node.uuid, reason);
    } catch (error) {
      if (error instanceof NodeLocked || error instanceof NodeNotFound) return;
      if (service.pool.signal.aborted) return;
      const quiet = error instanceof NoFreeConductorWorker;
      service.log.log(quiet ? "info" : "error", "could not look after a console", {
        node: node.uuid,
        reason: messageOf(error),
      });
    }
  }

  /** @returns what is wrong; undefined when the console answers or cannot be asked */
  async function complaint(task: NodeTask): Promise<string | undefined> {
    try {
      await control.check(task);
      return undefined;
    } catch (error) {
      // Interrupted by our own stop: nothing was learned about the console.
      if (service.pool.signal.aborted) throw error;
      return messageOf(error);
    }
  }

  async function recovered(task: NodeTask): Promise<void> {
    troubles.delete(task.node.uuid);
    if (!task.node.lastError?.startsWith(UNHEALTHY)) return;
    await using held = await service.tasks.acquire(task.node.uuid, {
      shared: false,
      purpose: "clearing the console's error",
      atOnce: true,
    });
    if (held.node.lastError?.startsWith(UNHEALTHY)) await held.save({ lastError: null });
  }

  /** Restarts in the background, under the lock, after a second look that rules out a disable meanwhile. */
  async function heal(uuid: string, reason: string): Promise<void> {
    if (restarting >= most) return;
    const slot = service.pool.takeSlot();
    restarting += 1;
    let begun = false;
    try {
      await using task = await service.tasks.acquire(uuid, {
        shared: false,
        purpose: "restarting the console",
        atOnce: true,
      });
      if (!task.node.consoleEnabled) return;
      task.log.warn("the console does not answer", { reason });
      await task.save({ lastError: `${UNHEALTHY} Reason: ${reason}` });
      task.moveInto(slot, () => restart(task));
      begun = true;
    } finally {
      slot.giveBack();
      if (!begun) restarting -= 1;
    }
  }

  async function restart(task: NodeTask): Promise<void> {
    try {
      if ((await complaint(task)) === undefined) await task.save({ lastError: null });
      else await withConsoleEvent(task, "console_restore", {}, () => control.restart(task));
      troubles.delete(task.node.uuid);
    } catch (error) {
      if (service.pool.signal.aborted) return;
      const waitSeconds = backOff(task.node.uuid);
      await task.save({
        lastError: `${UNHEALTHY} The restart failed, next try in ${waitSeconds} seconds. Reason: ${messageOf(error)}`,
      });
    } finally {
      restarting -= 1;
    }
  }

  /** Doubles the pause. @returns seconds until the next look */
  function backOff(uuid: string): number {
    const failures = (troubles.get(uuid)?.failures ?? 0) + 1;
    const interval = service.config.conductor.console_health_interval;
    const seconds = Math.min(interval * 2 ** (failures - 1), LONGEST_BACK_OFF_SECONDS);
    troubles.set(uuid, { failures, notBefore: service.clock.now() + seconds * 1000 });
    return seconds;
  }
}

function forgetOthers(troubles: Map<string, Trouble>, nodes: readonly Node[]): void {
  const known = new Set(nodes.map((node) => node.uuid));
  for (const uuid of troubles.keys()) if (!known.has(uuid)) troubles.delete(uuid);
}

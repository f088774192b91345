/**
 * Enable and disable: what `PUT /v1/nodes/N/states/console` asks for. Judged at once, promised (and the
 * promise written down, so that a crash does not lose it), then worked on in the background.
 */
import { messageOf } from "../common/errors.ts";
import type { RequestContext } from "../common/request-context.ts";
import type { ConsoleControl } from "./console-control.ts";
import { withConsoleEvent } from "./console-event.ts";
import { pendingConsoleChange } from "./memo-store.ts";
import type { NodeTask } from "./node-task.ts";
import type { ConductorApi } from "./rpcapi.ts";
import type { ConductorService } from "./service.ts";

const VALIDATE_SECONDS = 15;

export function createConsoleMode(
  service: ConductorService,
  control: ConsoleControl,
): Pick<ConductorApi, "setConsoleMode"> & { carryOn(task: NodeTask): Promise<void> } {
  /** @returns false when there is nothing to do */
  async function needsChange(uuid: string, enabled: boolean): Promise<boolean> {
    await using task = await service.tasks.acquire(uuid, {
      shared: true,
      purpose: "judging a console change",
    });
    const isOn = task.node.consoleEnabled || pendingConsoleChange(task.node) !== null;
    // What is on can be switched off, even when its driver_info would not do for a start any more.
    if (enabled || !isOn) await validate(task);
    return !isAsWanted(task, enabled);
  }

  async function validate(task: NodeTask): Promise<void> {
    const driver = task.interfaceOf("console");
    await task.drive(
      { type: "console", seconds: VALIDATE_SECONDS, what: "validating driver_info" },
      (held) => driver.validate(held),
    );
  }

  async function setConsoleMode(
    context: RequestContext,
    uuid: string,
    enabled: boolean,
  ): Promise<void> {
    const purpose = enabled ? "enabling the console" : "disabling the console";
    if (!(await needsChange(uuid, enabled))) {
      service.log.debug("the console is already as wanted", { node: uuid, enabled });
      return;
    }
    const slot = service.pool.takeSlot();
    try {
      await using task = await service.tasks.acquire(uuid, { shared: false, purpose });
      if (isAsWanted(task, enabled)) return;
      const console = enabled ? "enabling" : "disabling";
      await task.saveMemos({ conductor: { console } }, { lastError: null });
      task.moveInto(slot, () => change(task, enabled, context.requestId));
    } finally {
      slot.giveBack();
    }
  }

  async function change(task: NodeTask, enabled: boolean, requestId?: string): Promise<void> {
    try {
      await withConsoleEvent(task, "console_set", { enabled, requestId }, () =>
        enabled ? switchOn(task) : control.stop(task, "console_disabled"),
      );
    } catch (error) {
      const reason = messageOf(error);
      const verb = enabled ? "enabling" : "disabling";
      await task.saveMemos(
        { conductor: undefined },
        { lastError: `Error ${verb} the console on node ${task.node.uuid}. Reason: ${reason}` },
      );
    }
  }

  /** A console that is on already, and whose disabling was given up, may run still: its sessions stay. */
  async function switchOn(task: NodeTask): Promise<void> {
    if (task.node.consoleEnabled) await control.revive(task);
    else await control.start(task);
  }

  /** Does what a crashed run had promised; the caller holds the lock. */
  async function carryOn(task: NodeTask): Promise<void> {
    const pending = pendingConsoleChange(task.node);
    if (!pending) return;
    task.log.info("carrying on with a console change that a crash interrupted", { pending });
    await change(task, pending === "enabling");
  }

  return { setConsoleMode, carryOn };
}

function isAsWanted({ node }: NodeTask, enabled: boolean): boolean {
  return node.consoleEnabled === enabled && pendingConsoleChange(node) === null;
}

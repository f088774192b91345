/**
 * Power actions: accepted at once, carried out in the background with target_power_state set meanwhile,
 * failures in last_error. Sentences and order are those of Ironic's `node_power_action`.
 */
import { messageOf, UnsupportedDriverExtension } from "../common/errors.ts";
import type { PowerState, PowerTarget } from "../common/node.ts";
import type { RequestContext } from "../common/request-context.ts";
import type { Task } from "../drivers/base.ts";
import type { NodeTask } from "./node-task.ts";
import type { ConductorApi } from "./rpcapi.ts";
import type { ConductorService } from "./service.ts";

/** How long the judgement of driver_info, or one question about the power state, may take. */
const ASK_SECONDS = 60;

const RESULTING_STATE: Readonly<Record<PowerTarget, PowerState>> = {
  "power on": "power on",
  "power off": "power off",
  rebooting: "power on",
  "soft rebooting": "power on",
  "soft power off": "power off",
};

export function createPower(service: ConductorService): Pick<ConductorApi, "changeNodePowerState"> {
  async function changeNodePowerState(
    context: RequestContext,
    uuid: string,
    target: PowerTarget,
    timeoutSeconds: number = service.config.conductor.power_state_change_timeout,
  ): Promise<void> {
    const slot = service.pool.takeSlot();
    try {
      await using task = await service.tasks.acquire(uuid, {
        shared: false,
        purpose: `changing the power state to "${target}"`,
      });
      await judge(task, target);
      await task.save({ targetPowerState: RESULTING_STATE[target], lastError: null });
      task.log.info("power action accepted", { target, requestId: context.requestId });
      task.moveInto(slot, () => change(task, target, timeoutSeconds));
    } finally {
      slot.giveBack();
    }
  }

  async function judge(task: NodeTask, target: PowerTarget): Promise<void> {
    const power = task.interfaceOf("power");
    const supported = await drivePower(task, ASK_SECONDS, async (held) => {
      await power.validate(held);
      return power.getSupportedPowerTargets(held);
    });
    if (!supported.includes(target))
      throw new UnsupportedDriverExtension(task.node.driver, `power state '${target}'`);
  }

  async function change(
    task: NodeTask,
    target: PowerTarget,
    timeoutSeconds: number,
  ): Promise<void> {
    const wanted = RESULTING_STATE[target];
    const power = task.interfaceOf("power");
    try {
      const now = await drivePower(task, ASK_SECONDS, (held) => power.getPowerState(held));
      const reboots = target === "rebooting" || target === "soft rebooting";
      if (now !== wanted || reboots)
        await drivePower(task, timeoutSeconds + ASK_SECONDS, (held) =>
          power.setPowerState(held, target, timeoutSeconds),
        );
      await task.save({ powerState: wanted, targetPowerState: null });
      task.log.info("power action done", { target, before: now });
    } catch (error) {
      const reason = messageOf(error);
      task.log.error("power action failed", { target, reason });
      await task.save({
        targetPowerState: null,
        lastError: `Failed to change power state to '${wanted}' by '${target}'. Error: ${reason}`,
      });
    }
  }

  return { changeNodePowerState };
}

function drivePower<T>(
  task: NodeTask,
  seconds: number,
  work: (held: Task) => T | Promise<T>,
): Promise<T> {
  return task.drive({ type: "power", seconds, what: "the power interface" }, work);
}

/**
 * The few provision transitions that clients need to bring a node to `manageable`, `available` and
 * `active`. There is no deployment: `active` is what an operator adopts, or another service uses.
 */
import { InvalidStateRequested, messageOf } from "../common/errors.ts";
import type { NodeChanges, ProvisionState } from "../common/node.ts";
import type { RequestContext } from "../common/request-context.ts";
import type { ConsoleControl } from "./console-control.ts";
import type { MediaControl } from "./media-control.ts";
import type { NodeTask } from "./node-task.ts";
import type { ConductorApi, ProvisionVerb } from "./rpcapi.ts";
import type { ConductorService } from "./service.ts";

const VERIFY_SECONDS = 60;

/** State → verb → next state. */
const TRANSITIONS: {
  readonly [S in ProvisionState]: { readonly [V in ProvisionVerb]?: ProvisionState };
} = {
  enroll: { manage: "verifying" },
  verifying: {},
  manageable: { provide: "available", adopt: "active" },
  available: { manage: "manageable" },
  active: { deleted: "available" },
};

export function createProvision(
  service: ConductorService,
  control: ConsoleControl,
  media: MediaControl,
): Pick<ConductorApi, "doProvisioningAction"> {
  async function doProvisioningAction(
    context: RequestContext,
    uuid: string,
    verb: ProvisionVerb,
  ): Promise<void> {
    const slot = service.pool.takeSlot();
    try {
      await using task = await service.tasks.acquire(uuid, {
        shared: false,
        purpose: `provisioning action "${verb}"`,
      });
      const from = task.node.provisionState;
      const next = TRANSITIONS[from][verb];
      if (!next)
        throw new InvalidStateRequested(
          `The requested action "${verb}" can not be performed on node "${task.node.uuid}" while it is in state "${from}".`,
        );
      task.log.info("provision state changes", { from, to: next, requestId: context.requestId });
      if (next === "verifying") {
        await moveTo(task, next, { targetProvisionState: "manageable", lastError: null });
        task.moveInto(slot, () => verify(task));
        return;
      }
      if (verb === "deleted") await tearDown(task);
      else await moveTo(task, next, { targetProvisionState: null, lastError: null });
    } finally {
      slot.giveBack();
    }
  }

  async function moveTo(
    task: NodeTask,
    state: ProvisionState,
    also: NodeChanges = {},
  ): Promise<void> {
    await task.save({
      ...also,
      provisionState: state,
      provisionUpdatedAt: service.clock.now(),
    });
  }

  async function verify(task: NodeTask): Promise<void> {
    try {
      const power = task.interfaceOf("power");
      const powerState = await task.drive(
        { type: "power", seconds: VERIFY_SECONDS, what: "verifying power control" },
        async (held) => {
          await power.validate(held);
          return await power.getPowerState(held);
        },
      );
      await moveTo(task, "manageable", { targetProvisionState: null, powerState });
    } catch (error) {
      const reason = messageOf(error);
      task.log.warn("power control could not be verified", { reason });
      const lastError = `Failed to get power state for node ${task.node.uuid}. Error: ${reason}`;
      await moveTo(task, "enroll", { targetProvisionState: null, lastError });
    }
  }

  /** The tenant leaves: what they hold of the console ends with the instance; the console stays on. */
  async function tearDown(task: NodeTask): Promise<void> {
    // First, so that a crash in between leaves no former tenant a way in.
    await control.cutOff(task.node.uuid, "node_released");
    const inserted = await media.cutOff(task.node.uuid);
    await moveTo(task, "available", {
      targetProvisionState: null,
      instanceUuid: null,
      instanceInfo: {},
      lastError: null,
    });
    // What was opened in between with the old instance's rights.
    await control.changeHands(task);
    if (inserted) media.ejectLater(task);
  }

  return { doProvisioningAction };
}

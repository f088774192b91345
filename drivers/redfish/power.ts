/** Power interface `redfish`: PowerState and ComputerSystem.Reset of any Redfish BMC. */
import { setTimeout as pause } from "node:timers/promises";
import {
  BmcTimeout,
  DRIVER_API_VERSION,
  type PowerDriverModule,
  type PowerInterface,
  type PowerState,
  type PowerTarget,
  type Task,
} from "../base.ts";
import { describeOptions } from "../driver-info.ts";
import { withDeadline } from "../lib/deadline.ts";
import { optionalText } from "../lib/redfish-body.ts";
import type { RedfishAnswer } from "../lib/redfish-client.ts";
import { resetAction, resetBy, takes } from "./reset.ts";
import { redfishSchema, systemSettingsParser, withSystem, type ComputerSystem } from "./system.ts";

/** Pauses between two looks at the power state: they double. */
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 2000;

/** ResetType values to use, the best first, and the state to wait for. */
const RESETS: Readonly<Record<PowerTarget, { types: readonly string[]; state: PowerState }>> = {
  "power on": { types: ["On", "ForceOn"], state: "power on" },
  "power off": { types: ["ForceOff"], state: "power off" },
  rebooting: { types: ["ForceRestart", "PowerCycle"], state: "power on" },
  "soft rebooting": { types: ["GracefulRestart"], state: "power on" },
  // FACT(DMTF schema Resource, ResetType): PushPowerButton is the short press, which an OS takes as a wish
  // to shut down; older iLOs offer nothing else for it.
  "soft power off": { types: ["GracefulShutdown", "PushPowerButton"], state: "power off" },
};

/** DSP0266 PowerState; the transitional ones count as what they lead from, as in Ironic's sushy. */
const STATES: ReadonlyMap<string, PowerState> = new Map([
  ["On", "power on"],
  ["PoweringOff", "power on"],
  ["Paused", "power on"],
  ["Off", "power off"],
  ["PoweringOn", "power off"],
]);

class RedfishPower implements PowerInterface {
  readonly #settingsOf = systemSettingsParser();

  getProperties(): Record<string, string> {
    return describeOptions(redfishSchema);
  }

  validate(task: Task): void {
    this.#settingsOf(task.node.driverInfo);
  }

  async getPowerState(task: Task): Promise<PowerState> {
    return await withSystem(this.#settingsOf(task.node.driverInfo), task, async (system) =>
      stateOf(system),
    );
  }

  getSupportedPowerTargets(): readonly PowerTarget[] {
    return Object.keys(RESETS) as PowerTarget[];
  }

  async setPowerState(task: Task, target: PowerTarget, timeoutSeconds: number): Promise<void> {
    await withSystem(this.#settingsOf(task.node.driverInfo), task, async (system) => {
      const before = stateOf(system);
      const wanted = wantedFrom(before, target);
      if (wanted === undefined) return;
      const action = await resetAction(system);
      const inTwoSteps =
        wanted === "soft rebooting" && !RESETS[wanted].types.some((type) => takes(action, type));
      const steps: readonly PowerTarget[] = inTwoSteps ? ["soft power off", "power on"] : [wanted];
      const end = performance.now() + timeoutSeconds * 1000;
      for (const step of steps) {
        await resetBy(system, action, RESETS[step].types, `do ${target}`);
        const left = (end - performance.now()) / 1000;
        await untilState(system, RESETS[step].state, { timeoutSeconds, left }, task.signal);
      }
    });
  }
}

/**
 * What to ask for, nothing when the machine is there already. A machine that is off cannot restart; it is
 * switched on, as Ironic does.
 */
function wantedFrom(before: PowerState, target: PowerTarget): PowerTarget | undefined {
  if (target === "rebooting" || target === "soft rebooting")
    return before === "power off" ? "power on" : target;
  return before === RESETS[target].state ? undefined : target;
}

async function untilState(
  system: ComputerSystem,
  wanted: PowerState,
  { timeoutSeconds, left }: { readonly timeoutSeconds: number; readonly left: number },
  signal: AbortSignal,
): Promise<void> {
  const onTimeout = (): Error =>
    new BmcTimeout(`the machine did not reach ${wanted} within ${timeoutSeconds} s`);
  await withDeadline({ signal, limitMs: Math.max(left, 0) * 1000, onTimeout }, async (inner) => {
    let pauseMs = FIRST_PAUSE_MS;
    while (stateOf(await system.client.get(system.path)) !== wanted) {
      await pause(pauseMs, undefined, { signal: inner });
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
  });
}

function stateOf(system: RedfishAnswer): PowerState {
  return STATES.get(optionalText(system.body, "PowerState")) ?? "error";
}

const redfishPowerDriver: PowerDriverModule = {
  name: "redfish",
  apiVersion: DRIVER_API_VERSION,
  interfaceType: "power",
  schema: redfishSchema,
  create: () => new RedfishPower(),
};
export default redfishPowerDriver;

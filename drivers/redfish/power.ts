/** Power interface `redfish`: PowerState and ComputerSystem.Reset of any Redfish BMC. */
import { setTimeout as pause } from "node:timers/promises";
import {
  BmcFeatureMissing,
  BmcTimeout,
  DRIVER_API_VERSION,
  type PowerDriverModule,
  type PowerInterface,
  type PowerState,
  type PowerTarget,
  type Task,
} from "../base.ts";
import { printable } from "../../common/printable.ts";
import { describeOptions } from "../driver-info.ts";
import { withDeadline } from "../lib/deadline.ts";
import { optionalText } from "../lib/redfish-body.ts";
import type { RedfishAnswer } from "../lib/redfish-client.ts";
import {
  redfishSchema,
  resetAction,
  systemSettingsParser,
  withSystem,
  type ComputerSystem,
} from "./system.ts";

/** Pauses between two looks at the power state: they double. */
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 2000;

/** ResetType values to use, the best first, and the state to wait for. */
const RESETS: Readonly<Record<PowerTarget, { types: readonly string[]; state: PowerState }>> = {
  "power on": { types: ["On", "ForceOn"], state: "power on" },
  "power off": { types: ["ForceOff"], state: "power off" },
  rebooting: { types: ["ForceRestart", "PowerCycle"], state: "power on" },
  "soft rebooting": { types: ["GracefulRestart"], state: "power on" },
  "soft power off": { types: ["GracefulShutdown"], state: "power off" },
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
      const { state } = RESETS[target];
      const restart = target === "rebooting" || target === "soft rebooting";
      if (!restart && before === state) return;
      // A machine that is off cannot restart; it is switched on, as Ironic does.
      await reset(system, restart && before === "power off" ? "power on" : target);
      await untilState(system, state, timeoutSeconds, task.signal);
    });
  }
}

async function reset(system: ComputerSystem, target: PowerTarget): Promise<void> {
  const action = resetAction(system);
  const { types } = RESETS[target];
  const type =
    action.allowed.length === 0 ? types[0] : types.find((name) => action.allowed.includes(name));
  if (type === undefined)
    throw new BmcFeatureMissing(
      `${system.client.peer} cannot do ${target}, it offers ${printable(action.allowed.join(", "))}`,
    );
  await system.client.post(action.target, { ResetType: type });
}

async function untilState(
  system: ComputerSystem,
  wanted: PowerState,
  timeoutSeconds: number,
  signal: AbortSignal,
): Promise<void> {
  const onTimeout = (): Error =>
    new BmcTimeout(`the machine did not reach ${wanted} within ${timeoutSeconds} s`);
  await withDeadline({ signal, limitMs: timeoutSeconds * 1000, onTimeout }, async (inner) => {
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

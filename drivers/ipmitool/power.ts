/** Power interface `ipmitool`: the chassis commands of IPMI 2.0 section 28, through ipmitool. */
import { setTimeout as pause } from "node:timers/promises";
import {
  BmcProtocolError,
  BmcTimeout,
  DRIVER_API_VERSION,
  type PowerDriverModule,
  type PowerInterface,
  type PowerState,
  type PowerTarget,
  type Task,
} from "../base.ts";
import { printable } from "../../common/printable.ts";
import { withDeadline } from "../lib/deadline.ts";
import { ipmiSchema } from "../lib/ipmi/options.ts";
import { IpmitoolInterface } from "./ipmitool-interface.ts";

/** Pauses between two looks at the power state: they double. */
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5000;

/** Steps of each target: a command, and the state to wait for before the next. */
const STEPS: Readonly<Record<PowerTarget, readonly (readonly [string, PowerState])[]>> = {
  "power on": [["on", "power on"]],
  "power off": [["off", "power off"]],
  "soft power off": [["soft", "power off"]],
  // As in Ironic: off is seen before on is asked for, which a reset command does not prove.
  rebooting: [
    ["off", "power off"],
    ["on", "power on"],
  ],
  "soft rebooting": [
    ["soft", "power off"],
    ["on", "power on"],
  ],
};

class IpmitoolPower extends IpmitoolInterface implements PowerInterface {
  async getPowerState(task: Task): Promise<PowerState> {
    return stateIn(await this.run(task, ["power", "status"]), this.peer(task));
  }

  getSupportedPowerTargets(): readonly PowerTarget[] {
    return Object.keys(STEPS) as PowerTarget[];
  }

  async setPowerState(task: Task, target: PowerTarget, timeoutSeconds: number): Promise<void> {
    let wanted: PowerState = "power on";
    const onTimeout = (): Error =>
      new BmcTimeout(`the machine did not reach ${wanted} within ${timeoutSeconds} s`);
    const limits = { signal: task.signal, limitMs: timeoutSeconds * 1000, onTimeout };
    await withDeadline(limits, async (signal) => {
      const inner = { ...task, signal };
      let state = await this.getPowerState(inner);
      for (const [command, reached] of STEPS[target]) {
        wanted = reached;
        if (state === reached) continue;
        await this.run(inner, ["power", command]);
        await this.#until(inner, reached);
        state = reached;
      }
    });
  }

  async #until(task: Task, wanted: PowerState): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    while ((await this.getPowerState(task)) !== wanted) {
      await pause(pauseMs, undefined, { signal: task.signal });
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
  }
}

/** @throws {BmcProtocolError} for any other sentence than ipmitool's two */
export function stateIn(output: string, peer: string): PowerState {
  const said = output.trim();
  if (said === "Chassis Power is on") return "power on";
  if (said === "Chassis Power is off") return "power off";
  throw new BmcProtocolError(`${peer} gives no power state: ${printable(said)}`);
}

const ipmitoolPowerDriver: PowerDriverModule = {
  name: "ipmitool",
  apiVersion: DRIVER_API_VERSION,
  interfaceType: "power",
  schema: ipmiSchema,
  create: (environment) => new IpmitoolPower(environment),
};
export default ipmitoolPowerDriver;

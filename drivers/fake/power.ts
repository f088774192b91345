/** Power interface `fake`: does as told at once and remembers it; a new node is off. */
import {
  DRIVER_API_VERSION,
  type PowerDriverModule,
  type PowerInterface,
  type PowerState,
  type PowerTarget,
} from "../base.ts";

const STATE_AFTER: Readonly<Record<PowerTarget, PowerState>> = {
  "power on": "power on",
  "power off": "power off",
  rebooting: "power on",
  "soft rebooting": "power on",
  "soft power off": "power off",
};

const fakePower: PowerInterface = {
  getProperties: () => ({}),
  validate: () => {},
  getPowerState: async (task) => {
    const remembered = task.memo.get();
    if (remembered === "power on" || remembered === "power off") return remembered;
    return task.node.powerState ?? "power off";
  },
  getSupportedPowerTargets: () => Object.keys(STATE_AFTER) as PowerTarget[],
  setPowerState: (task, target) => task.memo.set(STATE_AFTER[target]),
};

const fakePowerDriver: PowerDriverModule = {
  name: "fake",
  apiVersion: DRIVER_API_VERSION,
  interfaceType: "power",
  schema: { type: "object", properties: {} },
  create: () => fakePower,
};
export default fakePowerDriver;

/** Power interface `no-power`: for machines whose power nobody can switch from here; every verb refuses. */
import {
  DRIVER_API_VERSION,
  UnsupportedDriverExtension,
  type PowerDriverModule,
  type PowerInterface,
  type Task,
} from "../base.ts";

function refuse(task: Task): never {
  throw new UnsupportedDriverExtension(task.node.driver, "power");
}

const noPower: PowerInterface = {
  getProperties: () => ({}),
  validate: refuse,
  getPowerState: async (task) => refuse(task),
  getSupportedPowerTargets: () => [],
  setPowerState: async (task) => refuse(task),
};

const noPowerDriver: PowerDriverModule = {
  name: "no-power",
  apiVersion: DRIVER_API_VERSION,
  interfaceType: "power",
  schema: { type: "object", properties: {} },
  create: () => noPower,
};
export default noPowerDriver;

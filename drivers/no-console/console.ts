/** Console interface `no-console`: for machines that have none; every verb refuses, as in Ironic. */
import {
  DRIVER_API_VERSION,
  UnsupportedDriverExtension,
  type ConsoleDriverModule,
  type ConsoleInterface,
  type Task,
} from "../base.ts";

function refuse(task: Task): never {
  throw new UnsupportedDriverExtension(task.node.driver, "console");
}

const noConsole: ConsoleInterface = {
  getProperties: () => ({}),
  validate: refuse,
  startConsole: async (task) => refuse(task),
  stopConsole: async (task) => refuse(task),
  getConsole: async (task) => refuse(task),
};

const noConsoleDriver: ConsoleDriverModule = {
  name: "no-console",
  apiVersion: DRIVER_API_VERSION,
  interfaceType: "console",
  schema: { type: "object", properties: {} },
  create: () => noConsole,
};
export default noConsoleDriver;

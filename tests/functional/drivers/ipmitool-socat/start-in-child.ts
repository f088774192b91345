/** A conductor's part in another process: starts the console that its argument describes, and goes on living. */
import { loadConfig } from "../../../../common/config/load.ts";
import { Secret, type DriverInfo } from "../../../../drivers/base.ts";
import driver from "../../../../drivers/ipmitool-socat/console.ts";
import { fakeTask } from "../../../../drivers/testing/fake-task.ts";

export interface ChildOrder {
  readonly overrides: Record<string, string>;
  readonly driverInfo: Record<string, string>;
}

const order = JSON.parse(process.argv[2] ?? "{}") as ChildOrder;
const driverInfo: DriverInfo = {
  ...order.driverInfo,
  ipmi_password: new Secret(order.driverInfo["ipmi_password"] ?? ""),
};
const task = fakeTask({ driverInfo, config: loadConfig({ overrides: order.overrides }) });
const endpoint = await driver.create(task).startConsole(task);
process.stdout.write(`${JSON.stringify(endpoint.transport)}\n`);
setInterval(() => {}, 1000);

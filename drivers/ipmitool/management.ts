/** Management interface `ipmitool`: boot device and NMI (IPMI 2.0 section 28), through ipmitool. */
import {
  BmcFeatureMissing,
  DRIVER_API_VERSION,
  messageOf,
  type BootDevice,
  type ManagementDriverModule,
  type ManagementInterface,
  type Task,
} from "../base.ts";
import { invalidBootDevice } from "../lib/invalid-boot-device.ts";
import { ipmiSchema } from "../lib/ipmi/options.ts";
import { IpmitoolInterface } from "./ipmitool-interface.ts";
import {
  ASK_BOOT_DEVICE,
  BOOT_DEVICES,
  KEEP_BOOT_DEVICE,
  bootDeviceCommand,
  bootDeviceIn,
  bootHabits,
} from "./boot-flags.ts";

class IpmitoolManagement extends IpmitoolInterface implements ManagementInterface {
  getSupportedBootDevices(): readonly string[] {
    return BOOT_DEVICES;
  }

  async getBootDevice(task: Task): Promise<BootDevice> {
    const output = await this.run(task, ASK_BOOT_DEVICE);
    return bootDeviceIn(output, bootHabits(task.node.properties));
  }

  async setBootDevice(task: Task, device: string, persistent: boolean): Promise<void> {
    const known = BOOT_DEVICES.find((name) => name === device);
    if (known === undefined) throw invalidBootDevice(device);
    const { ipmi_disable_boot_timeout: wish } = this.options(task.node.driverInfo);
    if (wish ?? task.config.ipmi.disable_boot_timeout) await this.#keepBootDevice(task);
    const habits = bootHabits(task.node.properties);
    await this.run(task, bootDeviceCommand(known, persistent, habits));
  }

  async injectNmi(task: Task): Promise<void> {
    await this.run(task, ["power", "diag"]);
  }

  /** As in Ironic, a BMC that cannot do this gets its boot device anyway. */
  async #keepBootDevice(task: Task): Promise<void> {
    try {
      await this.run(task, KEEP_BOOT_DEVICE);
    } catch (error) {
      if (!(error instanceof BmcFeatureMissing)) throw error;
      task.log.warn("ipmi: the BMC forgets a boot device after 60 seconds", {
        reason: messageOf(error),
      });
    }
  }
}

const ipmitoolManagementDriver: ManagementDriverModule = {
  name: "ipmitool",
  apiVersion: DRIVER_API_VERSION,
  interfaceType: "management",
  schema: ipmiSchema,
  create: (environment) => new IpmitoolManagement(environment),
};
export default ipmitoolManagementDriver;

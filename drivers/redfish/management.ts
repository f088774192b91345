/** Management interface `redfish`: boot device by BootSourceOverride, NMI by ComputerSystem.Reset. */
import {
  DRIVER_API_VERSION,
  type BootDevice,
  type ManagementDriverModule,
  type ManagementInterface,
  type Task,
} from "../base.ts";
import { describeOptions } from "../driver-info.ts";
import { invalidBootDevice } from "../lib/invalid-boot-device.ts";
import { objectOf } from "../lib/json-object.ts";
import { redfishSchema, resetAction, systemSettingsParser, withSystem } from "./system.ts";

/** Ironic's names to schema ComputerSystem's BootSource. */
const TARGETS: Readonly<Record<string, string>> = {
  pxe: "Pxe",
  disk: "Hdd",
  cdrom: "Cd",
  bios: "BiosSetup",
  floppy: "Floppy",
};

class RedfishManagement implements ManagementInterface {
  readonly #settingsOf = systemSettingsParser();

  getProperties(): Record<string, string> {
    return describeOptions(redfishSchema);
  }

  validate(task: Task): void {
    this.#settingsOf(task.node.driverInfo);
  }

  getSupportedBootDevices(): readonly string[] {
    return Object.keys(TARGETS);
  }

  async getBootDevice(task: Task): Promise<BootDevice> {
    return await withSystem(this.#settingsOf(task.node.driverInfo), task, async ({ body }) => {
      const { BootSourceOverrideEnabled: enabled, BootSourceOverrideTarget: wanted } =
        objectOf(body["Boot"]) ?? {};
      const device = Object.entries(TARGETS).find(([, target]) => target === wanted);
      if (!device || enabled === "Disabled") return { bootDevice: null, persistent: null };
      return { bootDevice: device[0], persistent: enabled === "Continuous" };
    });
  }

  async setBootDevice(task: Task, device: string, persistent: boolean): Promise<void> {
    const target = Object.hasOwn(TARGETS, device) ? TARGETS[device] : undefined;
    if (target === undefined) throw invalidBootDevice(device);
    await withSystem(this.#settingsOf(task.node.driverInfo), task, async (system) => {
      const boot = {
        BootSourceOverrideTarget: target,
        BootSourceOverrideEnabled: persistent ? "Continuous" : "Once",
      };
      await system.client.patch(system.path, { Boot: boot }, system.etag);
    });
  }

  async injectNmi(task: Task): Promise<void> {
    await withSystem(this.#settingsOf(task.node.driverInfo), task, async (system) => {
      await system.client.post(resetAction(system).target, { ResetType: "Nmi" });
    });
  }
}

const redfishManagementDriver: ManagementDriverModule = {
  name: "redfish",
  apiVersion: DRIVER_API_VERSION,
  interfaceType: "management",
  schema: redfishSchema,
  create: () => new RedfishManagement(),
};
export default redfishManagementDriver;

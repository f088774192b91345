/**
 * Management interface `redfish`: boot device by BootSourceOverride, NMI by ComputerSystem.Reset, virtual media
 * by InsertMedia.
 */
import {
  BmcFeatureMissing,
  DRIVER_API_VERSION,
  type BootDevice,
  type ManagementDriverModule,
  type ManagementInterface,
  type Secret,
  type Task,
  type VirtualMediaDevice,
  type VirtualMediaType,
} from "../base.ts";
import { printable } from "../../common/printable.ts";
import { describeOptions } from "../driver-info.ts";
import { invalidBootDevice } from "../lib/invalid-boot-device.ts";
import { objectOf } from "../lib/json-object.ts";
import { resetAction, resetBy, textsOf } from "./reset.ts";
import { redfishSchema, systemSettingsParser, withSystem, type ComputerSystem } from "./system.ts";
import { ejectMedia, insertMedia } from "./virtual-media.ts";
import { findDrives } from "./virtual-drives.ts";

/** Ironic's names to schema ComputerSystem's BootSource, the best first. */
const TARGETS: Readonly<Record<string, readonly string[]>> = {
  pxe: ["Pxe"],
  disk: ["Hdd"],
  // FACT(ironic redfish management, Supermicro): boards that know no Cd call virtual media UsbCd.
  cdrom: ["Cd", "UsbCd"],
  bios: ["BiosSetup"],
  floppy: ["Floppy"],
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
      const device = Object.entries(TARGETS).find(([, names]) =>
        names.some((name) => name === wanted),
      );
      if (!device || enabled === "Disabled") return { bootDevice: null, persistent: null };
      return { bootDevice: device[0], persistent: enabled === "Continuous" };
    });
  }

  async setBootDevice(task: Task, device: string, persistent: boolean): Promise<void> {
    const targets = Object.hasOwn(TARGETS, device) ? TARGETS[device] : undefined;
    if (targets === undefined) throw invalidBootDevice(device);
    await withSystem(this.#settingsOf(task.node.driverInfo), task, async (system) => {
      const boot = {
        BootSourceOverrideTarget: offered(system, "BootSourceOverrideTarget", targets),
        BootSourceOverrideEnabled: offered(system, "BootSourceOverrideEnabled", [
          persistent ? "Continuous" : "Once",
        ]),
      };
      await system.client.patch(system.path, { Boot: boot }, system.etag);
    });
  }

  async injectNmi(task: Task): Promise<void> {
    await withSystem(this.#settingsOf(task.node.driverInfo), task, async (system) => {
      await resetBy(system, await resetAction(system), ["Nmi"], "inject an NMI");
    });
  }

  getBmcHost(task: Task): string {
    return this.#settingsOf(task.node.driverInfo).access.host;
  }

  async attachVirtualMedia(task: Task, type: VirtualMediaType, imageUrl: Secret): Promise<void> {
    await withSystem(this.#settingsOf(task.node.driverInfo), task, (system) =>
      insertMedia(system, type, imageUrl, task.signal),
    );
  }

  async detachVirtualMedia(task: Task, types: readonly VirtualMediaType[]): Promise<void> {
    await withSystem(this.#settingsOf(task.node.driverInfo), task, (system) =>
      ejectMedia(system, types, task.signal),
    );
  }

  async getVirtualMedia(task: Task): Promise<readonly VirtualMediaDevice[]> {
    return await withSystem(this.#settingsOf(task.node.driverInfo), task, async (system) =>
      (await findDrives(system)).map(({ description }) => description),
    );
  }
}

/**
 * The first of `values` that the BMC takes for a property of Boot; the first when it does not say.
 * @throws {BmcFeatureMissing} when it takes none
 */
function offered(system: ComputerSystem, property: string, values: readonly string[]): string {
  const listed = textsOf(objectOf(system.body["Boot"])?.[`${property}@Redfish.AllowableValues`]);
  const value = values.find((one) => listed.length === 0 || listed.includes(one));
  if (value !== undefined) return value;
  throw new BmcFeatureMissing(
    `${system.client.peer} takes no ${property} ${values.join(" or ")}, it offers ${printable(listed.join(", "))}`,
  );
}

const redfishManagementDriver: ManagementDriverModule = {
  name: "redfish",
  apiVersion: DRIVER_API_VERSION,
  interfaceType: "management",
  schema: redfishSchema,
  create: () => new RedfishManagement(),
};
export default redfishManagementDriver;

/** Management interface `fake`: remembers the boot device it was told, `pxe` at first as in Ironic. */
import {
  DRIVER_API_VERSION,
  type BootDevice,
  type ManagementDriverModule,
  type ManagementInterface,
} from "../base.ts";
import { invalidBootDevice } from "../lib/invalid-boot-device.ts";
import { objectOf } from "../lib/json-object.ts";

const BOOT_DEVICES = ["pxe", "disk", "cdrom", "bios", "safe"] as const;

const fakeManagement: ManagementInterface = {
  getProperties: () => ({}),
  validate: () => {},
  getSupportedBootDevices: () => BOOT_DEVICES,
  getBootDevice: async (task): Promise<BootDevice> => {
    const { bootDevice, persistent } = objectOf(task.memo.get()) ?? {};
    return {
      bootDevice: typeof bootDevice === "string" ? bootDevice : "pxe",
      persistent: persistent === true,
    };
  },
  setBootDevice: async (task, device, persistent) => {
    if (!(BOOT_DEVICES as readonly string[]).includes(device)) throw invalidBootDevice(device);
    await task.memo.set({ bootDevice: device, persistent });
  },
  injectNmi: async () => {},
};

const fakeManagementDriver: ManagementDriverModule = {
  name: "fake",
  apiVersion: DRIVER_API_VERSION,
  interfaceType: "management",
  schema: { type: "object", properties: {} },
  create: () => fakeManagement,
};
export default fakeManagementDriver;

/** Management interface `noop`: the boot device is not known and cannot be set from here. */
import {
  DRIVER_API_VERSION,
  type ManagementDriverModule,
  type ManagementInterface,
} from "../base.ts";
import { invalidBootDevice } from "../lib/invalid-boot-device.ts";

const noopManagement: ManagementInterface = {
  getProperties: () => ({}),
  validate: () => {},
  getSupportedBootDevices: () => [],
  getBootDevice: async () => ({ bootDevice: null, persistent: null }),
  setBootDevice: async (_task, device) => {
    throw invalidBootDevice(device);
  },
};

const noopManagementDriver: ManagementDriverModule = {
  name: "noop",
  apiVersion: DRIVER_API_VERSION,
  interfaceType: "management",
  schema: { type: "object", properties: {} },
  create: () => noopManagement,
};
export default noopManagementDriver;

/** The management verbs: boot device and NMI. The caller waits; what the BMC says is the answer. */
import { InvalidParameterValue, UnsupportedDriverExtension } from "../common/errors.ts";
import type { RequestContext } from "../common/request-context.ts";
import type { BootDevice, ManagementInterface, Task } from "../drivers/base.ts";
import type { ConductorApi } from "./rpcapi.ts";
import type { ConductorService } from "./service.ts";

/** Less than [json_rpc]timeout's default, so that the caller hears the reason. */
const CALL_SECONDS = 60;

type Verbs = "getSupportedBootDevices" | "getBootDevice" | "setBootDevice" | "injectNmi";

export function createBootDevice(service: ConductorService): Pick<ConductorApi, Verbs> {
  /** Validates driver_info, then calls the node's management interface. */
  async function manage<T>(
    uuid: string,
    options: { readonly shared: boolean; readonly purpose: string },
    work: (management: ManagementInterface, held: Task, hardwareType: string) => T | Promise<T>,
  ): Promise<T> {
    await using task = await service.tasks.acquire(uuid, options);
    const management = task.interfaceOf("management");
    return await task.drive(
      { type: "management", seconds: CALL_SECONDS, what: options.purpose },
      async (held) => {
        await management.validate(held);
        return await work(management, held, task.node.driver);
      },
    );
  }

  return {
    getSupportedBootDevices: (_context, uuid) =>
      manage(
        uuid,
        { shared: true, purpose: "getting supported boot devices" },
        (management, held) => management.getSupportedBootDevices(held),
      ),

    getBootDevice: (_context, uuid): Promise<BootDevice> =>
      manage(uuid, { shared: true, purpose: "getting the boot device" }, (management, held) =>
        management.getBootDevice(held),
      ),

    setBootDevice: (context: RequestContext, uuid, device, persistent) =>
      manage(
        uuid,
        { shared: false, purpose: "setting the boot device" },
        async (management, held) => {
          if (!management.getSupportedBootDevices(held).includes(device))
            throw new InvalidParameterValue(`Invalid boot device ${device} specified.`);
          await management.setBootDevice(held, device, persistent);
          held.log.info("boot device set", { device, persistent, requestId: context.requestId });
        },
      ),

    injectNmi: (context: RequestContext, uuid) =>
      manage(
        uuid,
        { shared: false, purpose: "injecting an NMI" },
        async (management, held, hardwareType) => {
          if (!management.injectNmi)
            throw new UnsupportedDriverExtension(hardwareType, "inject_nmi");
          await management.injectNmi(held);
          held.log.info("NMI injected", { requestId: context.requestId });
        },
      ),
  };
}

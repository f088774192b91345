/** `GET /v1/nodes/N/validate` and `GET /v1/drivers/D/properties`: what drivers say about themselves. */
import { Invalid, UnsupportedDriverExtension } from "../common/errors.ts";
import { INTERFACE_TYPES, type InterfaceType } from "../common/node.ts";
import { interfaceField, isDriven } from "./driver-factory.ts";
import type { NodeTask } from "./node-task.ts";
import type { ConductorApi, InterfaceValidation } from "./rpcapi.ts";
import type { ConductorService } from "./service.ts";

const VALIDATE_SECONDS = 15;
/** FACT(ironic api validate answer): `vendor` is not in it. */
const VALIDATED = INTERFACE_TYPES.filter((type) => type !== "vendor").sort();

export function createValidate(
  service: ConductorService,
): Pick<ConductorApi, "validateDriverInterfaces" | "getDriverProperties"> {
  async function judge(task: NodeTask, type: InterfaceType): Promise<InterfaceValidation> {
    try {
      if (isDriven(type)) {
        const driver = task.interfaceOf(type);
        await task.drive(
          { type, seconds: VALIDATE_SECONDS, what: `validating the ${type} interface` },
          (held) => driver.validate(held),
        );
      } else judgePlaceholder(task, type);
      return { result: true };
    } catch (error) {
      if (error instanceof Invalid) return { result: false, reason: error.message };
      task.log.error("validation failed unexpectedly", { interface: type, error });
      return {
        result: false,
        reason: `Unexpected exception, traceback saved into log by the conductor that is running on ${service.host}`,
      };
    }
  }

  /** Ironic's no-* interfaces refuse, its fake and noop ones accept. */
  function judgePlaceholder(task: NodeTask, type: InterfaceType): void {
    const name = task.node[interfaceField(type)];
    if (name === null || name.startsWith("no-"))
      throw new UnsupportedDriverExtension(task.node.driver, type);
  }

  return {
    async validateDriverInterfaces(_context, uuid) {
      await using task = await service.tasks.acquire(uuid, {
        shared: true,
        purpose: "validating interfaces",
      });
      const answers: Record<string, InterfaceValidation> = {};
      for (const type of VALIDATED) answers[type] = await judge(task, type);
      return answers;
    },

    async getDriverProperties(_context, hardwareType) {
      return service.drivers.properties(hardwareType);
    },
  };
}

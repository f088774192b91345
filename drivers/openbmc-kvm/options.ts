/** driver_info options of console interface `openbmc-kvm`. */
import { InvalidParameterValue, type DriverInfo, type DriverInfoSchema } from "../base.ts";
import { driverInfoParser } from "../driver-info.ts";
import {
  OPENBMC_PROPERTIES,
  OPENBMC_REQUIRED,
  openBmcConsole,
  type OpenBmcConsole,
  type OpenBmcOptions,
} from "../lib/openbmc/options.ts";

interface KvmOptions extends OpenBmcOptions {
  readonly openbmc_kvm_path: string;
}

export const kvmSchema: DriverInfoSchema = {
  type: "object",
  required: OPENBMC_REQUIRED,
  properties: {
    ...OPENBMC_PROPERTIES,
    openbmc_kvm_path: {
      type: "string",
      maxLength: 255,
      default: "/kvm/0",
      description: "Path of the WebSocket that carries the screen.",
    },
  },
};

/** @returns a function that judges driver_info */
export function kvmParser(): (info: DriverInfo) => OpenBmcConsole {
  const parse = driverInfoParser<KvmOptions>(kvmSchema);
  return (info) => {
    const options = parse(info);
    if (!/^(?:\/[\w.-]+)+\/?$/.test(options.openbmc_kvm_path))
      throw new InvalidParameterValue("openbmc_kvm_path must be a path such as /kvm/0");
    // FACT(openbmc/obmc-ikvm): its VNC server listens on loopback and asks for no password.
    return openBmcConsole(options, options.openbmc_kvm_path, {
      consoleType: "vnc",
      allowedSecurityTypes: ["None"],
    });
  };
}

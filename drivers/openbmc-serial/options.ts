/** driver_info options of console interface `openbmc-serial`. */
import {
  InvalidParameterValue,
  type Config,
  type DriverInfo,
  type DriverInfoSchema,
} from "../base.ts";
import { driverInfoParser } from "../driver-info.ts";
import {
  OPENBMC_PROPERTIES,
  OPENBMC_REQUIRED,
  openBmcConsole,
  type OpenBmcConsole,
  type OpenBmcOptions,
} from "../lib/openbmc/options.ts";

interface SerialOptions extends OpenBmcOptions {
  readonly openbmc_console_id?: string;
}

export const serialSchema: DriverInfoSchema = {
  type: "object",
  required: OPENBMC_REQUIRED,
  properties: {
    ...OPENBMC_PROPERTIES,
    openbmc_console_id: {
      type: "string",
      maxLength: 64,
      description:
        "Name of the host console at the BMC, for machines with several: the X of /console/X. Without it the first one, /console0.",
    },
  },
};

/** @returns a function that judges driver_info */
export function serialParser(): (info: DriverInfo, config: Config) => OpenBmcConsole {
  const parse = driverInfoParser<SerialOptions>(serialSchema);
  return (info, config) => {
    const options = parse(info);
    const { openbmc_console_id: id } = options;
    if (id !== undefined && !/^\w[\w.-]*$/.test(id))
      throw new InvalidParameterValue("openbmc_console_id must be a name such as default or ttyS1");
    return openBmcConsole(options, id === undefined ? "/console0" : `/console/${id}`, {
      consoleType: "serial",
      allowedSecurityTypes: [],
      serial: {
        dialect: "raw",
        hold: config.console.hold_line === "on-demand" ? "on-demand" : "always",
      },
    });
  };
}

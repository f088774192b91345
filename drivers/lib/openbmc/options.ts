/** What the consoles of an OpenBMC have in common: how its web service is reached, and the endpoint of that. */
import {
  InvalidParameterValue,
  type ConsoleEndpoint,
  type DriverInfoSchema,
  type Secret,
} from "../../base.ts";
import {
  REDFISH_PROPERTIES,
  redfishAccess,
  type RedfishAccess,
  type RedfishOptions,
} from "../redfish-options.ts";

/**
 * FACT(openbmc/bmcweb, features/kvm/kvm_websocket.hpp): 1024 bytes of input, with what is pending. The
 * serial route has no such limit, and no use for longer messages.
 */
const MAX_MESSAGE_BYTES = 1024;
const HTTPS_PORT = 443;

export const OPENBMC_PROPERTIES: DriverInfoSchema["properties"] = {
  ...REDFISH_PROPERTIES,
  redfish_auth_type: {
    type: "string",
    enum: ["auto", "basic", "session"],
    default: "auto",
    description:
      "session logs in for each connection and out at its end; basic sends the credentials with every request. auto is session, because an OpenBMC may have basic authentication switched off.",
  },
};

/** An OpenBMC shows its consoles to nobody without an account. */
export const OPENBMC_REQUIRED = ["redfish_address", "redfish_username", "redfish_password"];

export interface OpenBmcOptions extends RedfishOptions {
  readonly redfish_username: string;
  readonly redfish_password: Secret;
}

/** Where a console is at the BMC, and who may have it. */
export interface OpenBmcConsole {
  readonly access: RedfishAccess;
  readonly endpoint: ConsoleEndpoint;
}

/** @throws {InvalidParameterValue} */
export function openBmcConsole(
  options: OpenBmcOptions,
  path: string,
  console: Pick<ConsoleEndpoint, "consoleType" | "allowedSecurityTypes" | "serial">,
): OpenBmcConsole {
  const { redfish_username: username, redfish_password: password } = options;
  if (username.includes(":"))
    throw new InvalidParameterValue("redfish_username must not contain a colon");
  const authType = options.redfish_auth_type === "basic" ? "basic" : "session";
  const access: RedfishAccess = { ...redfishAccess(options), authType };
  const port = new URL(access.origin).port;
  return {
    access,
    endpoint: {
      ...console,
      transport: {
        kind: "websocket",
        host: access.host,
        port: port === "" ? HTTPS_PORT : Number(port),
        path,
        authentication: authType,
        maxMessageBytes: MAX_MESSAGE_BYTES,
      },
      tls: { wrap: true, ...access.trust },
      credentials: { username, password },
    },
  };
}

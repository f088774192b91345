/** The `redfish_*` options of driver_info, with Ironic's names, shared by all drivers that use Redfish. */
import {
  InvalidParameterValue,
  MissingParameterValue,
  type DriverInfoSchema,
  type Secret,
} from "../base.ts";
import { trustOf, type Trust } from "./trust.ts";

export interface RedfishOptions {
  readonly redfish_address: string;
  readonly redfish_username?: string;
  readonly redfish_password?: Secret;
  readonly redfish_verify_ca: boolean | string;
  readonly redfish_tls_fingerprint?: string;
  readonly redfish_auth_type: "auto" | "basic" | "session";
}

/** What a {@link RedfishClient} needs to know of a BMC. */
export interface RedfishAccess {
  /** `https://host[:port]`, without a path. */
  readonly origin: string;
  /** Host name or address alone, without brackets. */
  readonly host: string;
  readonly username: string | undefined;
  readonly password: Secret | undefined;
  readonly authType: "basic" | "session";
  readonly trust: Trust;
}

export const REDFISH_PROPERTIES: DriverInfoSchema["properties"] = {
  redfish_address: {
    type: "string",
    maxLength: 300,
    description:
      "Address of the BMC's Redfish service: a host name or IP address, optionally with a port and with https:// in front.",
  },
  redfish_username: {
    type: "string",
    maxLength: 255,
    description: "User account on the BMC.",
  },
  redfish_password: {
    type: "string",
    secret: true,
    maxLength: 255,
    description: "Its password.",
  },
  redfish_verify_ca: {
    type: ["boolean", "string"],
    format: "absolute-path",
    default: true,
    errorHint: "true, false or the absolute path of a PEM file",
    description:
      "How the BMC's certificate is judged: true by the system's authorities, a path by the PEM file there, false not at all.",
  },
  redfish_tls_fingerprint: {
    type: "string",
    format: "sha256-fingerprint",
    description:
      "SHA-256 fingerprint of the only certificate to accept; replaces redfish_verify_ca. Colons are allowed.",
  },
  redfish_auth_type: {
    type: "string",
    enum: ["auto", "basic", "session"],
    default: "auto",
    description:
      "basic sends the credentials with every request, session logs in and out. auto is basic, which can never leave a session behind in the BMC's small session table.",
  },
};

/** @throws {InvalidParameterValue} when redfish_address is no address */
export function redfishAccess(options: RedfishOptions): RedfishAccess {
  const url = parseAddress(options.redfish_address);
  if (options.redfish_password && !options.redfish_username)
    throw new MissingParameterValue(
      "Missing the following properties in node's driver_info: redfish_username",
    );
  return {
    origin: url.origin,
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    username: options.redfish_username,
    password: options.redfish_password,
    authType: options.redfish_auth_type === "session" ? "session" : "basic",
    trust: trustOf(options.redfish_verify_ca, options.redfish_tls_fingerprint),
  };
}

function parseAddress(address: string): URL {
  const withScheme = /^[a-z]+:\/\//i.test(address) ? address : `https://${bracketed(address)}`;
  const url = URL.canParse(withScheme) ? new URL(withScheme) : undefined;
  const plain = url && url.pathname === "/" && url.search === "" && url.hash === "";
  if (!url || !plain || url.username !== "" || url.password !== "" || url.hostname === "")
    throw new InvalidParameterValue(
      "redfish_address must be a host with an optional port, without a path or credentials",
    );
  if (url.protocol !== "https:")
    throw new InvalidParameterValue(
      "redfish_address must use https, the BMC's password would go over the network in the clear",
    );
  return url;
}

/** A bare IPv6 literal gets its brackets. */
function bracketed(address: string): string {
  return /^[0-9a-f]*:[0-9a-f:.]*:[0-9a-f:.]*$/i.test(address) ? `[${address}]` : address;
}

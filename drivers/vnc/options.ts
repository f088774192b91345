/** driver_info options of console interface `vnc`, and the endpoint they describe. */
import {
  InvalidParameterValue,
  MissingParameterValue,
  type ConsoleEndpoint,
  type DriverInfo,
  type DriverInfoSchema,
  type Secret,
  type SecurityTypeName,
} from "../base.ts";
import { SECURITY_TYPE_NAMES } from "../../common/console-endpoint.ts";
import { driverInfoParser } from "../driver-info.ts";
import { trustOf } from "../lib/trust.ts";

export interface VncOptions {
  readonly vnc_address: string;
  readonly vnc_port: number;
  readonly vnc_username?: string;
  readonly vnc_password?: Secret;
  readonly vnc_tls: "none" | "wrap";
  readonly vnc_verify_ca: boolean | string;
  readonly vnc_tls_fingerprint?: string;
  readonly vnc_tls_min_version: "1.0" | "1.1" | "1.2" | "1.3";
  readonly vnc_security_types?: readonly string[] | string;
}

export const vncSchema: DriverInfoSchema = {
  type: "object",
  required: ["vnc_address"],
  properties: {
    vnc_address: {
      type: "string",
      format: "host-address",
      description: "IP address or host name of the VNC server, as novncproxy reaches it.",
    },
    vnc_port: {
      type: "integer",
      minimum: 1,
      maximum: 65535,
      default: 5900,
      description: "TCP port of the VNC server.",
    },
    vnc_username: {
      type: "string",
      maxLength: 255,
      description: "User name, for the security types Plain, TLSPlain and X509Plain.",
    },
    vnc_password: {
      type: "string",
      secret: true,
      maxLength: 255,
      description:
        "Password. VNC authentication uses its first 8 characters. Without it only security types that need none are accepted.",
    },
    vnc_tls: {
      type: "string",
      enum: ["none", "wrap"],
      default: "none",
      description:
        "wrap when the server speaks TLS before the first RFB byte, as BMCs call VNC with SSL. TLS inside RFB (VeNCrypt) is found without this option.",
    },
    vnc_verify_ca: {
      type: ["boolean", "string"],
      format: "absolute-path",
      default: true,
      errorHint: "true, false or the absolute path of a PEM file",
      description:
        "How the server's certificate is judged: true by the system's authorities, a path by the PEM file there, false not at all.",
    },
    vnc_tls_fingerprint: {
      type: "string",
      format: "sha256-fingerprint",
      description:
        "SHA-256 fingerprint of the only certificate to accept; replaces vnc_verify_ca. Colons are allowed.",
    },
    vnc_tls_min_version: {
      type: "string",
      enum: ["1.0", "1.1", "1.2", "1.3"],
      default: "1.2",
      description: "Lowest TLS version to accept; some old BMCs need 1.0.",
    },
    vnc_security_types: {
      type: ["array", "string"],
      items: { type: "string" },
      errorHint: `a list of ${SECURITY_TYPE_NAMES.join(", ")}`,
      description:
        "Security types to accept, in order of preference, as a list or separated by commas. By default those that suit the credentials given, certificates first; Plain, which sends the password in the clear, has to be listed.",
    },
  },
};

const PASSWORD_TYPES = /(?:Vnc|VncAuth|Plain)$/;

/** @returns a function that judges driver_info and makes the endpoint it describes */
export function vncEndpointParser(): (driverInfo: DriverInfo) => ConsoleEndpoint {
  const parse = driverInfoParser<VncOptions>(vncSchema);
  return (driverInfo) => endpointOf(parse(driverInfo));
}

function endpointOf(options: VncOptions): ConsoleEndpoint {
  const { vnc_username: username, vnc_password: password } = options;
  return {
    consoleType: "vnc",
    transport: { kind: "tcp", host: bare(options.vnc_address), port: options.vnc_port },
    tls: {
      wrap: options.vnc_tls === "wrap",
      ...trustOf(options.vnc_verify_ca, options.vnc_tls_fingerprint),
      ...minVersionOf(options.vnc_tls_min_version),
    },
    ...(username === undefined && password === undefined
      ? {}
      : { credentials: { ...(username ? { username } : {}), ...(password ? { password } : {}) } }),
    allowedSecurityTypes: listedTypes(options) ?? fittingTypes(options),
  };
}

function minVersionOf(version: VncOptions["vnc_tls_min_version"]): {
  minVersion?: "TLSv1" | "TLSv1.1" | "TLSv1.3";
} {
  const names = { "1.0": "TLSv1", "1.1": "TLSv1.1", "1.3": "TLSv1.3" } as const;
  return version === "1.2" ? {} : { minVersion: names[version] };
}

/** An IPv6 literal may come in brackets. */
function bare(address: string): string {
  return address.replace(/^\[(.*)\]$/, "$1");
}

function listedTypes(options: VncOptions): readonly SecurityTypeName[] | undefined {
  const given = options.vnc_security_types;
  if (given === undefined) return undefined;
  const names = typeof given === "string" ? given.split(",") : given;
  const types = names.map((name) => typeNamed(name.trim()));
  if (types.length === 0) throw new InvalidParameterValue("vnc_security_types must not be empty");
  for (const type of types) requireCredentials(type, options);
  return [...new Set(types)];
}

function typeNamed(name: string): SecurityTypeName {
  const found = SECURITY_TYPE_NAMES.find((known) => known.toLowerCase() === name.toLowerCase());
  if (found) return found;
  throw new InvalidParameterValue(
    `vnc_security_types has an unknown name, known are ${SECURITY_TYPE_NAMES.join(", ")}`,
  );
}

function requireCredentials(type: SecurityTypeName, options: VncOptions): void {
  const missing = [
    ...(PASSWORD_TYPES.test(type) && !options.vnc_password ? ["vnc_password"] : []),
    ...(type.endsWith("Plain") && !options.vnc_username ? ["vnc_username"] : []),
  ];
  if (missing.length > 0)
    throw new MissingParameterValue(
      `Missing the following properties in node's driver_info: ${missing.join(", ")} (security type ${type} needs them)`,
    );
}

/**
 * With a password, only types that prove it: a server that suddenly asks for none is not the one that
 * was set up. Without one, only types that need none.
 */
function fittingTypes(options: VncOptions): readonly SecurityTypeName[] {
  if (!options.vnc_password) return ["X509None", "TLSNone", "None"];
  const plain = options.vnc_username !== undefined;
  return [
    "X509Vnc",
    ...(plain ? (["X509Plain"] as const) : []),
    "TLSVnc",
    ...(plain ? (["TLSPlain"] as const) : []),
    "VncAuth",
  ];
}

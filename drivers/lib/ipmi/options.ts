/**
 * The `ipmi_*` options of driver_info, with Ironic's names and rules (ironic/drivers/modules/ipmitool.py),
 * shared by all drivers that use IPMI. Judges them without the network.
 */
import {
  InvalidParameterValue,
  MissingParameterValue,
  type DriverInfo,
  type DriverInfoSchema,
  type Json,
  type Secret,
} from "../../base.ts";
import { driverInfoParser } from "../../driver-info.ts";

export const IPMI_PRIVILEGE_LEVELS = ["ADMINISTRATOR", "CALLBACK", "OPERATOR", "USER"] as const;
export type IpmiPrivilegeLevel = (typeof IPMI_PRIVILEGE_LEVELS)[number];

/** Options as they come out of the parser: judged, defaults filled in. */
export interface IpmiOptions {
  readonly ipmi_address: string;
  readonly ipmi_port: number;
  readonly ipmi_username?: string;
  readonly ipmi_password?: Secret;
  readonly ipmi_hex_kg_key?: Secret;
  readonly ipmi_priv_level: IpmiPrivilegeLevel;
  readonly ipmi_protocol_version: "2.0" | "1.5";
  readonly ipmi_bridging: "no" | "single" | "dual";
  readonly ipmi_transit_channel?: string | number;
  readonly ipmi_transit_address?: string | number;
  readonly ipmi_target_channel?: string | number;
  readonly ipmi_target_address?: string | number;
  readonly ipmi_local_address?: string | number;
  readonly ipmi_cipher_suite?: number;
  readonly ipmi_force_boot_device: boolean;
  readonly ipmi_disable_boot_timeout?: boolean;
}

/** A byte as ipmitool takes it: 0x82 or 130. */
const BYTE = {
  type: ["string", "integer"],
  pattern: "^(?:0[xX][0-9a-fA-F]{1,2}|[0-9]{1,3})$",
  minimum: 0,
  maximum: 255,
  errorHint: "a number from 0 to 255, decimal or as 0x and two hexadecimal digits",
} as const;

/** No control characters: ipmitool reads one line, and none of them can be typed anywhere. */
const ONE_LINE = "^[^\\u0000-\\u001f\\u007f]*$";

export const IPMI_PROPERTIES: DriverInfoSchema["properties"] = {
  ipmi_address: {
    type: "string",
    format: "host-address",
    description: "IP address or host name of the BMC.",
  },
  ipmi_username: {
    type: "string",
    maxLength: 16,
    pattern: ONE_LINE,
    errorHint: "16 characters at most, without control characters",
    description: "User account on the BMC. Without it the null user is used.",
  },
  ipmi_password: {
    type: "string",
    secret: true,
    maxLength: 20,
    pattern: ONE_LINE,
    errorHint: "20 characters at most, without control characters",
    description: "Its password, 20 characters at most as IPMI 2.0 has it, 16 with version 1.5.",
  },
  ipmi_hex_kg_key: {
    type: "string",
    secret: true,
    pattern: "^(?:[0-9a-fA-F]{2}){1,20}$",
    errorHint: "an even number of hexadecimal digits, 40 at most",
    description:
      "The BMC's Kg key in hexadecimal digits, when it has one. A key of printable characters is handed to ipmitool out of sight; any other stands in its arguments, where users of the same machine see it.",
  },
  ipmi_port: {
    type: "integer",
    minimum: 1,
    maximum: 65535,
    default: 623,
    description: "UDP port of the BMC's IPMI service.",
  },
  ipmi_priv_level: {
    type: "string",
    enum: [...IPMI_PRIVILEGE_LEVELS],
    default: "ADMINISTRATOR",
    description: "Privilege level to ask for. OPERATOR is enough for power and the console.",
  },
  ipmi_protocol_version: {
    type: "string",
    enum: ["2.0", "1.5"],
    default: "2.0",
    description: "Version of the protocol. 1.5 has no encryption and no serial console.",
  },
  ipmi_bridging: {
    type: "string",
    enum: ["no", "single", "dual"],
    default: "no",
    description: "Whether the BMC is reached through another one, over one bridge or two.",
  },
  ipmi_transit_channel: {
    ...BYTE,
    description: "Transit channel of bridged requests. Required with ipmi_bridging dual.",
  },
  ipmi_transit_address: {
    ...BYTE,
    description: "Transit address of bridged requests. Required with ipmi_bridging dual.",
  },
  ipmi_target_channel: {
    ...BYTE,
    description: "Destination channel of bridged requests. Required with ipmi_bridging.",
  },
  ipmi_target_address: {
    ...BYTE,
    description: "Destination address of bridged requests. Required with ipmi_bridging.",
  },
  ipmi_local_address: {
    ...BYTE,
    description: "Local IPMB address of bridged requests, used with ipmi_bridging only.",
  },
  ipmi_cipher_suite: {
    type: "integer",
    minimum: 1,
    maximum: 255,
    errorHint: "a number from 1 to 255; suite 0 has no password check and is refused",
    description:
      "The one RMCP+ cipher suite to use, for example 17 or 3. By default [ipmi]cipher_suite_versions are tried in order.",
  },
  ipmi_force_boot_device: {
    type: "boolean",
    default: false,
    description:
      "Whether the boot device is set again before every boot. Kept for Ironic's clients; this service never boots a machine by itself.",
  },
  ipmi_disable_boot_timeout: {
    type: "boolean",
    description:
      "Whether the BMC is told not to forget a boot device after 60 seconds. By default as [ipmi]disable_boot_timeout says.",
  },
};

export const ipmiSchema: DriverInfoSchema = {
  type: "object",
  required: ["ipmi_address"],
  properties: IPMI_PROPERTIES,
};

/** @returns a function that judges driver_info and gives its IPMI options */
export function ipmiOptionsParser(): (driverInfo: DriverInfo) => IpmiOptions {
  const parse = driverInfoParser<IpmiOptions>(ipmiSchema);
  return (driverInfo) => {
    requireAddress(driverInfo);
    const options = parse(withIronicsSpellings(driverInfo));
    requireBridge(options);
    judgeVersion(options);
    return options;
  };
}

/** In Ironic's words, which its clients show. */
function requireAddress({ ipmi_address: address }: DriverInfo): void {
  if (address !== undefined && address !== null && address !== "") return;
  throw new MissingParameterValue(
    "Missing the following IPMI credentials in node's driver_info: ['ipmi_address'].",
  );
}

const BOOLEANS = ["ipmi_force_boot_device", "ipmi_disable_boot_timeout"] as const;
const TRUE_WORDS = new Set(["1", "t", "true", "on", "y", "yes"]);
const FALSE_WORDS = new Set(["0", "f", "false", "off", "n", "no"]);

/** Ironic takes yes and no for booleans, and a client that reads JSON sends version 2.0 as the number 2. */
function withIronicsSpellings(driverInfo: DriverInfo): DriverInfo {
  const spelled: Record<string, Json | Secret | undefined> = { ...driverInfo };
  for (const name of BOOLEANS) {
    const given = driverInfo[name];
    if (typeof given !== "string" && typeof given !== "number") continue;
    const word = String(given).trim().toLowerCase();
    if (TRUE_WORDS.has(word)) spelled[name] = true;
    if (FALSE_WORDS.has(word)) spelled[name] = false;
  }
  if (spelled["ipmi_protocol_version"] === 2) spelled["ipmi_protocol_version"] = "2.0";
  return spelled as DriverInfo;
}

function requireBridge(options: IpmiOptions): void {
  const needed = {
    no: [],
    single: ["ipmi_target_channel", "ipmi_target_address"],
    dual: [
      "ipmi_transit_channel",
      "ipmi_transit_address",
      "ipmi_target_channel",
      "ipmi_target_address",
    ],
  } as const;
  const missing = needed[options.ipmi_bridging].filter((name) => options[name] === undefined);
  if (missing.length > 0)
    throw new MissingParameterValue(
      `Missing the following properties in node's driver_info: ${missing.join(", ")} (ipmi_bridging ${options.ipmi_bridging} needs them)`,
    );
  for (const name of [...needed.dual, "ipmi_local_address"] as const)
    if (Number(options[name] ?? 0) > 255)
      throw new InvalidParameterValue(`${name} must be ${BYTE.errorHint}`);
}

function judgeVersion(options: IpmiOptions): void {
  if (options.ipmi_protocol_version === "2.0") return;
  if (options.ipmi_cipher_suite !== undefined)
    throw new InvalidParameterValue(
      "ipmi_cipher_suite can be given with ipmi_protocol_version 2.0 only",
    );
  if (options.ipmi_hex_kg_key !== undefined)
    throw new InvalidParameterValue(
      "ipmi_hex_kg_key can be given with ipmi_protocol_version 2.0 only",
    );
}

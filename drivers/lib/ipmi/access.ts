/** What ipmitool needs to know of a BMC, out of a node's driver_info and the configuration. */
import { InvalidParameterValue, type Config, type DriverInfo, type Secret } from "../../base.ts";
import { ipmiOptionsParser, type IpmiOptions, type IpmiPrivilegeLevel } from "./options.ts";

export interface IpmiAccess {
  /** Host name or IP address without brackets; never begins with a dash. */
  readonly address: string;
  readonly port: number;
  /** Null for IPMI's null user. */
  readonly username: string | null;
  readonly password: Secret | null;
  /** Hexadecimal digits, 2 to 40. */
  readonly kgKey: Secret | null;
  readonly privLevel: IpmiPrivilegeLevel;
  readonly protocol: "lanplus" | "lan";
  /** Ready arguments. */
  readonly bridging: readonly string[];
  /** In the order to try; empty where ipmitool chooses itself, or has no choice (lan). */
  readonly cipherSuites: readonly number[];
}

/**
 * @throws {MissingParameterValue} {@link InvalidParameterValue} naming the option
 */
export function readIpmiAccess(driverInfo: DriverInfo, config: Config): IpmiAccess {
  return ipmiAccessParser(config)(driverInfo);
}

/** The same for many uses: compiles the rules once. */
export function ipmiAccessParser(config: Config): (driverInfo: DriverInfo) => IpmiAccess {
  const parse = ipmiOptionsParser();
  return (driverInfo) => ipmiAccess(parse(driverInfo), config);
}

/** @param options judged ones */
export function ipmiAccess(options: IpmiOptions, config: Config): IpmiAccess {
  const lanplus = options.ipmi_protocol_version === "2.0";
  return {
    address: options.ipmi_address.replace(/^\[(.*)\]$/, "$1"),
    port: options.ipmi_port,
    username: options.ipmi_username ?? null,
    password: options.ipmi_password ?? null,
    kgKey: options.ipmi_hex_kg_key ?? null,
    privLevel: options.ipmi_priv_level,
    protocol: lanplus ? "lanplus" : "lan",
    bridging: bridgingArguments(options),
    cipherSuites: lanplus ? suitesOf(options, config) : [],
  };
}

/** `host:port`, for messages, logs and queues. */
export function peerOf({ address, port }: Pick<IpmiAccess, "address" | "port">): string {
  return `${address.includes(":") ? `[${address}]` : address}:${port}`;
}

function bridgingArguments(options: IpmiOptions): string[] {
  if (options.ipmi_bridging === "no") return [];
  const pair = (flag: string, value: string | number | undefined): string[] =>
    value === undefined ? [] : [flag, String(value)];
  const dual = options.ipmi_bridging === "dual";
  return [
    ...pair("-m", options.ipmi_local_address),
    ...(dual ? pair("-B", options.ipmi_transit_channel) : []),
    ...(dual ? pair("-T", options.ipmi_transit_address) : []),
    ...pair("-b", options.ipmi_target_channel),
    ...pair("-t", options.ipmi_target_address),
  ];
}

function suitesOf(options: IpmiOptions, config: Config): readonly number[] {
  if (options.ipmi_cipher_suite !== undefined) return [options.ipmi_cipher_suite];
  return [...new Set(config.ipmi.cipher_suite_versions.map(suiteNumber))];
}

function suiteNumber(text: string): number {
  const suite = /^\d{1,3}$/.test(text.trim()) ? Number(text) : 0;
  if (suite >= 1 && suite <= 255) return suite;
  throw new InvalidParameterValue(
    "[ipmi]cipher_suite_versions must be numbers from 1 to 255; suite 0 has no password check and is refused",
  );
}

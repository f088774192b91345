/** driver_info options of console interface `tcp-serial`, and the endpoint they describe. */
import type { Config, ConsoleEndpoint, DriverInfo, DriverInfoSchema } from "../base.ts";
import { driverInfoParser } from "../driver-info.ts";
import { trustOf } from "../lib/trust.ts";

interface TcpSerialOptions {
  readonly serial_address: string;
  readonly serial_port: number;
  readonly serial_tls: "none" | "wrap";
  readonly serial_verify_ca: boolean | string;
  readonly serial_tls_fingerprint?: string;
}

export const tcpSerialSchema: DriverInfoSchema = {
  type: "object",
  required: ["serial_address", "serial_port"],
  properties: {
    serial_address: {
      type: "string",
      format: "host-address",
      description:
        "IP address or host name of the terminal server, as conductor and novncproxy reach it.",
    },
    serial_port: {
      type: "integer",
      minimum: 1,
      maximum: 65535,
      description: "TCP port on which it offers this machine's line, without telnet negotiation.",
    },
    serial_tls: {
      type: "string",
      enum: ["none", "wrap"],
      default: "none",
      description: "wrap when the port speaks TLS.",
    },
    serial_verify_ca: {
      type: ["boolean", "string"],
      format: "absolute-path",
      default: true,
      errorHint: "true, false or the absolute path of a PEM file",
      description:
        "How its certificate is judged: true by the system's authorities, a path by the PEM file there, false not at all.",
    },
    serial_tls_fingerprint: {
      type: "string",
      format: "sha256-fingerprint",
      description:
        "SHA-256 fingerprint of the only certificate to accept; replaces serial_verify_ca. Colons are allowed.",
    },
  },
};

/** @returns a function that judges driver_info and makes the endpoint it describes */
export function tcpSerialEndpointParser(): (info: DriverInfo, config: Config) => ConsoleEndpoint {
  const parse = driverInfoParser<TcpSerialOptions>(tcpSerialSchema);
  return (info, config) => {
    const options = parse(info);
    return {
      consoleType: "serial",
      transport: {
        kind: "tcp",
        host: options.serial_address.replace(/^\[(.*)\]$/, "$1"),
        port: options.serial_port,
      },
      ...(options.serial_tls === "wrap" && {
        tls: {
          wrap: true,
          ...trustOf(options.serial_verify_ca, options.serial_tls_fingerprint),
        },
      }),
      allowedSecurityTypes: [],
      serial: {
        dialect: "raw",
        hold: config.console.hold_line === "on-demand" ? "on-demand" : "always",
      },
    };
  };
}

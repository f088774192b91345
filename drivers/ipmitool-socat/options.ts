/** Options of console interface `ipmitool-socat`, from driver_info and `[console]`. */
import { isIP } from "node:net";
import {
  InvalidParameterValue,
  MissingParameterValue,
  type Config,
  type DriverInfo,
  type DriverInfoSchema,
  type Task,
} from "../base.ts";
import { driverInfoParser } from "../driver-info.ts";
import { ipmiAccess, type IpmiAccess } from "../lib/ipmi/access.ts";
import { IPMI_PROPERTIES, ipmiOptionsParser } from "../lib/ipmi/options.ts";
import { consoleFiles, MAX_SOCKET_PATH_BYTES } from "./console-files.ts";

const TERMINAL_PORT = {
  ipmi_terminal_port: {
    type: "integer",
    minimum: 1,
    maximum: 65535,
    description:
      "TCP port of this node's console, with [console]socat_listener = tls or plain. By default one of [console]port_range.",
  },
} as const;

export const ipmitoolSocatSchema: DriverInfoSchema = {
  type: "object",
  required: ["ipmi_address"],
  properties: { ...IPMI_PROPERTIES, ...TERMINAL_PORT },
};

/** Ports to listen on, the first free one. */
export type PortChoice =
  | { readonly kind: "fixed"; readonly port: number }
  /** `end` is not in it. */
  | { readonly kind: "range"; readonly first: number; readonly end: number };

export type Listener =
  | { readonly kind: "unix" }
  | { readonly kind: "tls" | "plain"; readonly address: string; readonly ports: PortChoice };

export interface SocatSettings {
  readonly access: IpmiAccess;
  readonly listener: Listener;
  readonly hold: "always" | "on-demand";
}

/**
 * Compiles the rules once.
 * @returns a function that judges a task's options, or throws MissingParameterValue or InvalidParameterValue
 */
export function socatSettingsParser(): (task: Pick<Task, "node" | "config">) => SocatSettings {
  const ipmiOptions = ipmiOptionsParser();
  const terminalPort = driverInfoParser<{ ipmi_terminal_port?: number }>({
    type: "object",
    properties: TERMINAL_PORT,
  });
  return ({ node, config }) => {
    const access = ipmiAccess(ipmiOptions(node.driverInfo), config);
    if (access.protocol !== "lanplus")
      throw new InvalidParameterValue(
        "Serial over lan only works with IPMI protocol version 2.0. Check the 'ipmi_protocol_version' parameter in node's driver_info",
      );
    const listener = listenerOf(config, node.driverInfo, (info) => terminalPort(info));
    if (listener.kind === "unix") requireShortPath(config.console.terminal_pid_dir, node.uuid);
    return { access, listener, hold: holdOf(listener, config) };
  };
}

function listenerOf(
  { console }: Config,
  driverInfo: DriverInfo,
  parse: (driverInfo: DriverInfo) => { ipmi_terminal_port?: number },
): Listener {
  const { ipmi_terminal_port: port } = parse(driverInfo);
  const kind = console.socat_listener;
  if (kind !== "tls" && kind !== "plain") return { kind: "unix" };
  const ports =
    port === undefined ? rangeOf(console.port_range) : ({ kind: "fixed", port } as const);
  if (!ports)
    throw new MissingParameterValue(
      "Either missing 'ipmi_terminal_port' parameter in node's driver_info or [console]port_range is not configured",
    );
  return { kind, address: addressOf(console.socat_address), ports };
}

/** The endpoint names this address, so it has to be one that can be dialled. */
function addressOf(given: string): string {
  const address = given.replace(/^\[(.*)\]$/, "$1");
  if (isIP(address) === 0)
    throw new InvalidParameterValue("[console]socat_address must be an IP address");
  if (/^[0:.]+$/.test(address))
    throw new InvalidParameterValue(
      "[console]socat_address must be the one address at which proxies reach this machine, not all of them",
    );
  return address;
}

function rangeOf(text: string): PortChoice | undefined {
  if (text.trim() === "") return undefined;
  const [, first = 0, end = 0] = (/^\s*(\d{1,5})\s*:\s*(\d{1,5})\s*$/.exec(text) ?? []).map(Number);
  if (first < 1 || end > 65_536 || first >= end)
    throw new InvalidParameterValue(
      "[console]port_range must be FIRST:END with 1 <= FIRST < END <= 65536",
    );
  return { kind: "range", first, end };
}

function requireShortPath(folder: string, uuid: string): void {
  const path = consoleFiles(folder, uuid).socket;
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES) return;
  const most = MAX_SOCKET_PATH_BYTES - (Buffer.byteLength(path) - Buffer.byteLength(folder));
  throw new InvalidParameterValue(
    `[console]terminal_pid_dir is too long a path for Unix sockets: it may have ${most} bytes, not ${Buffer.byteLength(folder)}`,
  );
}

/** Others dial the plain listener themselves, so no proxy may sit on its one line. */
function holdOf(listener: Listener, { console }: Config): SocatSettings["hold"] {
  return listener.kind === "plain" || console.hold_line === "on-demand" ? "on-demand" : "always";
}

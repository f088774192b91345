/** Reads [browser]ssh_hosts and ssh_host_keys. */
import { ConfigInvalid } from "../../../base.ts";

export interface AuxiliaryHost {
  /** `user@host:port`, for logs and the journal. */
  readonly name: string;
  readonly user: string;
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  /** As many sessions as this one host in the eyes of the choice. */
  readonly weight: number;
}

const DEFAULT_PORT = 22;
const HOST =
  /^(?<user>[A-Za-z_][\w.-]{0,31})@(?:\[(?<six>[0-9A-Fa-f:.]+)\]|(?<host>[A-Za-z0-9.-]+))(?::(?<port>\d{1,5}))?(?:\*(?<weight>\d{1,3}))?$/;
const PIN =
  /^(?:\[(?<six>[0-9A-Fa-f:.]+)\]|(?<host>[A-Za-z0-9.-]+))(?::(?<port>\d{1,5}))?=(?<pin>SHA256:[A-Za-z0-9+/]{43})=?$/;

/** @throws {ConfigInvalid} naming every item that is none */
export function parseHosts(items: readonly string[]): AuxiliaryHost[] {
  const mistakes: string[] = [];
  const hosts = new Map<string, AuxiliaryHost>();
  for (const item of items) {
    const host = parseHost(item);
    if (!host) mistakes.push(`[browser]ssh_hosts: "${item}" is not USER@HOST[:PORT][*WEIGHT]`);
    else if (hosts.has(host.name))
      mistakes.push(`[browser]ssh_hosts: "${host.name}" is there twice`);
    else hosts.set(host.name, host);
  }
  if (items.length === 0)
    mistakes.push("[browser]ssh_hosts is empty, and provider = ssh needs a host");
  if (mistakes.length > 0) throw new ConfigInvalid(mistakes);
  return [...hosts.values()];
}

/** @returns undefined when the text is none */
export function parseHost(text: string): AuxiliaryHost | undefined {
  const parts = HOST.exec(text)?.groups;
  const host = parts?.["six"] ?? parts?.["host"];
  const port = Number(parts?.["port"] ?? DEFAULT_PORT);
  const weight = Number(parts?.["weight"] ?? 1);
  const user = parts?.["user"];
  if (host === undefined || user === undefined || !isPort(port) || weight < 1) return undefined;
  return { name: `${user}@${addressOf(host, port)}`, user, host, port, weight };
}

/** @returns by {@link addressOf}; @throws {ConfigInvalid} naming every item that is none */
export function parsePins(items: readonly string[]): Map<string, Set<string>> {
  const mistakes: string[] = [];
  const pins = new Map<string, Set<string>>();
  for (const item of items) {
    const parts = PIN.exec(item)?.groups;
    const host = parts?.["six"] ?? parts?.["host"];
    const port = Number(parts?.["port"] ?? DEFAULT_PORT);
    if (host === undefined || !isPort(port)) {
      mistakes.push(`[browser]ssh_host_keys: "${item}" is not HOST[:PORT]=SHA256:FINGERPRINT`);
      continue;
    }
    const address = addressOf(host, port);
    pins.set(address, (pins.get(address) ?? new Set()).add(parts?.["pin"] ?? ""));
  }
  if (mistakes.length > 0) throw new ConfigInvalid(mistakes);
  return pins;
}

/** `host:port`, an IPv6 address in brackets. */
export function addressOf(host: string, port: number): string {
  return `${host.includes(":") ? `[${host}]` : host.toLowerCase()}:${port}`;
}

function isPort(port: number): boolean {
  return port >= 1 && port <= 65_535;
}

/**
 * The addresses of what a session may reach, looked up once: a NetworkPolicy knows no names, and Chromium is
 * told to use these addresses and to look up nothing else.
 */
import { lookup } from "node:dns/promises";
import { isIP, isIPv6 } from "node:net";
import { BmcUnreachable, ConsoleError } from "../../../base.ts";
import type { Destination } from "../provider.ts";

export interface PinnedDestination extends Destination {
  readonly address: string;
}

/** @throws {BmcUnreachable} when a name does not resolve. {@link ConsoleError} when there is none */
export async function pinDestinations(
  destinations: readonly Destination[],
): Promise<PinnedDestination[]> {
  if (destinations.length === 0)
    throw new ConsoleError("a session in a cluster must know its BMC before it starts");
  const addresses = new Map<string, string>();
  for (const { host } of destinations)
    if (!addresses.has(host)) addresses.set(host, isIP(host) ? host : await addressOf(host));
  return destinations.map(({ host, port }) => ({
    host,
    port,
    address: addresses.get(host) ?? host,
  }));
}

async function addressOf(host: string): Promise<string> {
  // It becomes part of Chromium's list, whose separators are commas and blanks.
  if (!/^[\w.-]{1,253}$/.test(host)) throw new BmcUnreachable(`"${host}" is no name of a host`);
  try {
    return (await lookup(host)).address;
  } catch (cause) {
    throw new BmcUnreachable(`cannot reach ${host}: its name does not resolve`, { cause });
  }
}

/**
 * The value of Chromium's --host-resolver-rules.
 * FACT(Chromium, net/base/host_mapping_rules): exclusions come first, then the first rule that fits.
 */
export function hostRules(pinned: readonly PinnedDestination[]): string {
  const rules = new Set<string>();
  for (const { host, address } of pinned) {
    const literal = isIPv6(address) ? `[${address}]` : address;
    if (host !== address) rules.add(`MAP ${host} ${literal}`);
    else rules.add(`EXCLUDE ${literal}`);
  }
  return [...rules, "MAP * ~NOTFOUND"].join(",");
}

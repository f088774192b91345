/** The gate's list: where a session may go. Names and addresses are compared as text; nothing is resolved. */
import { isIPv6 } from "node:net";
import type { Destination } from "../providers/provider.ts";
import type { GateDestination } from "./gate.ts";

/** Two spellings of one place have one key. */
export function keyOf({ host, port }: Destination): string {
  return `${canonicalHost(host)}:${port}`;
}

/** Lower case, without the final dot of a full name; an IPv6 address in its one short form (RFC 5952). */
function canonicalHost(host: string): string {
  if (isIPv6(host))
    return URL.canParse(`http://[${host}]`) ? new URL(`http://[${host}]`).hostname : host;
  const name = host.toLowerCase();
  return name.endsWith(".") ? name.slice(0, -1) : name;
}

export class AllowedDestinations {
  #byKey: ReadonlyMap<string, GateDestination> = new Map();

  replace(destinations: readonly GateDestination[]): void {
    this.#byKey = new Map(destinations.map((one) => [keyOf(one), one]));
  }

  find(wanted: Destination): GateDestination | undefined {
    return this.#byKey.get(keyOf(wanted));
  }
}

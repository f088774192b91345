/**
 * Lists of networks in the configuration, the address a request really comes from (the peer's, or what
 * load balancers that the operator trusts say about it), and whom to count it against.
 */
import type { IncomingMessage } from "node:http";
import { BlockList, isIP } from "node:net";

const MAPPED_IPV4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
/** Longest X-Forwarded-For chain that is followed. */
const LONGEST_CHAIN = 32;

export class Networks {
  readonly #list = new BlockList();
  #empty = true;

  /**
   * @param option for mistakes, for example "[vnc]trusted_proxies"
   * @param mistakes gets one sentence for every entry that is neither an address nor a network
   */
  constructor(option: string, entries: readonly string[], mistakes: string[]) {
    for (const entry of entries)
      if (!this.#add(entry))
        mistakes.push(`${option}: "${entry}" is not a network such as 192.0.2.0/24`);
  }

  /** True when the address is in one of the networks; an IPv4-mapped IPv6 address counts as IPv4. */
  has(address: string): boolean {
    if (this.#empty) return false;
    const family = isIP(address);
    return family !== 0 && this.#list.check(address, family === 4 ? "ipv4" : "ipv6");
  }

  #add(entry: string): boolean {
    const [address = "", prefix, ...rest] = entry.split("/");
    const family = isIP(address);
    const bits = prefix === undefined ? (family === 4 ? 32 : 128) : Number(prefix);
    const valid =
      family !== 0 &&
      rest.length === 0 &&
      /^\d+$/.test(prefix ?? "0") &&
      bits <= (family === 4 ? 32 : 128);
    if (!valid) return false;
    this.#list.addSubnet(address, bits, family === 4 ? "ipv4" : "ipv6");
    this.#empty = false;
    return true;
  }
}

/** Without the IPv6 clothes that a dual-stack listener puts on IPv4 peers. */
export function plainAddress(address: string | undefined): string {
  return (address && (MAPPED_IPV4.exec(address)?.[1] ?? address)) || "unknown";
}

/**
 * Whom to count attempts against: as coarse as one attacker can change his address at will.
 * @returns the IPv4 address, or the /64 network of the IPv6 address
 */
export function networkOf(address: string): string {
  const plain = plainAddress(address);
  if (isIP(plain) !== 6) return plain;
  const [head = "", tail = ""] = (plain.split("%")[0] ?? "").split("::");
  const first = head === "" ? [] : head.split(":");
  const last = tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: Math.max(8 - first.length - last.length, 0) }, () => "0");
  const groups = [...first, ...zeros, ...last].slice(0, 4);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(":")}::/64`;
}

export interface Source {
  /** The address to write down. */
  readonly address: string;
  /** True when the peer is a trusted load balancer, so that its X-Forwarded-* headers count. */
  readonly trusted: boolean;
}

/**
 * Follows X-Forwarded-For from the right as long as trusted proxies wrote it, so that a client cannot
 * put an address of its choice in front.
 */
export function sourceOf(request: IncomingMessage, trustedProxies: Networks): Source {
  let address = plainAddress(request.socket.remoteAddress);
  if (!trustedProxies.has(address)) return { address, trusted: false };
  const chain = forwarded(request, "x-forwarded-for").slice(-LONGEST_CHAIN);
  while (trustedProxies.has(address)) {
    const next = plainAddress(chain.pop());
    if (isIP(next) === 0) break;
    address = next;
  }
  return { address, trusted: true };
}

/** The items of a comma-separated header, all its lines together. */
export function forwarded(request: Pick<IncomingMessage, "headers">, name: string): string[] {
  const value = request.headers[name];
  const text = Array.isArray(value) ? value.join(",") : (value ?? "");
  return text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

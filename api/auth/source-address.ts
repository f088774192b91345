/**
 * Whom to count a login attempt against: the address it comes from, as coarse as one attacker can
 * change it at will. Never believes a header unless the operator said that a proxy of his sets it.
 */
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";

/**
 * @param believeForwarded [api]enable_proxy_headers_parsing
 * @returns an IPv4 address, or the /64 network of an IPv6 address
 */
export function sourceOf(
  request: Pick<IncomingMessage, "headers"> & {
    readonly socket: { readonly remoteAddress?: string | undefined };
  },
  believeForwarded: boolean,
): string {
  const forwarded = believeForwarded
    ? lastForwarded(request.headers["x-forwarded-for"])
    : undefined;
  return networkOf(forwarded ?? request.socket.remoteAddress ?? "");
}

/** Proxies append, so only the last address is the proxy's own word; those before it are the caller's. */
function lastForwarded(header: string | string[] | undefined): string | undefined {
  const text = Array.isArray(header) ? header.at(-1) : header;
  const last = text?.slice(text.lastIndexOf(",") + 1).trim() ?? "";
  return isIP(last) === 0 ? undefined : last;
}

function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const mapped = address.slice(address.lastIndexOf(":") + 1);
  if (isIP(mapped) === 4) return mapped;
  const [head = "", tail = ""] = (address.split("%")[0] ?? "").split("::");
  const first = head === "" ? [] : head.split(":");
  const last = tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: Math.max(8 - first.length - last.length, 0) }, () => "0");
  const groups = [...first, ...zeros, ...last].slice(0, 4);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(":")}::/64`;
}

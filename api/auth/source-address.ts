/**
 * Whom to count a login attempt against: the address it comes from, as coarse as one attacker can
 * change it at will. Never believes a header unless the operator said that a proxy of his sets it.
 */
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { forwarded, networkOf } from "../../common/networks.ts";

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
  /* Proxies append, so only the last address is the proxy's own word; those before it are the caller's. */
  const last = believeForwarded ? (forwarded(request, "x-forwarded-for").at(-1) ?? "") : "";
  return networkOf(isIP(last) === 0 ? (request.socket.remoteAddress ?? "") : last);
}

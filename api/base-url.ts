/**
 * The base of links and Location headers: what the caller can reach us by. Never trusts a forwarded
 * header unless the operator said that a proxy of his sets them.
 */
import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import { ConfigInvalid } from "../common/errors.ts";
import { withoutSlashesAtEnd } from "./slashes.ts";

export interface BaseUrlRules {
  /** [api]public_endpoint; empty for none. */
  readonly publicEndpoint: string;
  /** [api]enable_proxy_headers_parsing. */
  readonly believeForwarded: boolean;
}

/** A host name, IPv4 address or bracketed IPv6 address, with or without a port (RFC 3986 3.2.2). */
const HOST = /^(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;

/** @returns `scheme://host[:port]`, no slash at the end */
export function baseUrlOf(request: IncomingMessage, rules: BaseUrlRules): string {
  if (rules.publicEndpoint !== "") return withoutSlashesAtEnd(rules.publicEndpoint);
  const own = (request.socket as TLSSocket).encrypted ? "https" : "http";
  const forwarded = rules.believeForwarded ? firstValue(request, "x-forwarded-proto") : undefined;
  const scheme = forwarded === "http" || forwarded === "https" ? forwarded : own;
  return `${scheme}://${hostOf(request, rules)}`;
}

function hostOf(request: IncomingMessage, rules: BaseUrlRules): string {
  const forwarded = rules.believeForwarded ? firstValue(request, "x-forwarded-host") : undefined;
  for (const candidate of [forwarded, request.headers.host])
    if (candidate !== undefined && HOST.test(candidate)) return candidate;
  const { localAddress = "127.0.0.1", localPort = 0 } = request.socket;
  return `${localAddress.includes(":") ? `[${localAddress}]` : localAddress}:${localPort}`;
}

/** Proxies append; the first value is the one nearest to the browser. */
function firstValue(request: IncomingMessage, header: string): string | undefined {
  const value = request.headers[header];
  const text = Array.isArray(value) ? value[0] : value;
  return text?.split(",")[0]?.trim();
}

/** @throws {ConfigInvalid} when [api]public_endpoint is neither empty nor an http(s) URL */
export function checkPublicEndpoint(text: string): void {
  if (text === "" || (/^https?:\/\/[^\s/?#]+(?:\/[^\s?#]*)?$/.test(text) && URL.canParse(text)))
    return;
  throw new ConfigInvalid([
    `[api]public_endpoint must be http(s)://HOST[:PORT][/PATH], not "${text}"`,
  ]);
}

/** The host without port and brackets, in lower case; empty when there is none. */
export function hostnameOf(hostHeader: string | undefined): string {
  if (hostHeader === undefined || !HOST.test(hostHeader)) return "";
  return hostHeader
    .replace(/:\d+$/, "")
    .replace(/^\[|\]$/g, "")
    .toLowerCase();
}

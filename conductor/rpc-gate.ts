/**
 * Judges who may call the conductor's RPC, before a byte of the body is read. Browsers must not reach it
 * even with the credentials: a page's form post has no JSON content type, its fetch has an Origin, and a
 * name that was rebound to this address is not a name of ours.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { isIPv6 } from "node:net";
import type { Secret } from "../common/secret.ts";
import { isLoopback } from "../common/loopback.ts";

export class RpcGate {
  readonly #credentials: Secret;
  readonly #hosts: ReadonlySet<string>;

  /** @param hosts values of the Host header that mean us, with their port unless it is 80 or 443 */
  constructor(credentials: Secret, hosts: Iterable<string>) {
    this.#credentials = credentials;
    this.#hosts = new Set(hosts);
  }

  /** @returns the HTTP status of a refusal; undefined lets the request in */
  refusal(request: IncomingMessage): 401 | 403 | 404 | 415 | 421 | undefined {
    const { headers, method, url } = request;
    if (!this.#hosts.has(headers.host?.toLowerCase() ?? "")) return 421;
    if (headers.origin !== undefined) return 403;
    if (method !== "POST" || url !== "/") return 404;
    if (!this.#isAuthorized(headers.authorization)) return 401;
    const type = headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase();
    return type === "application/json" ? undefined : 415;
  }

  /** Compares hashes, so that neither length nor content shows in the time it takes. */
  #isAuthorized(header: string | undefined): boolean {
    const given = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(header ?? "")?.[1] ?? "";
    const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
    return timingSafeEqual(
      digest(Buffer.from(given, "base64").toString("utf8")),
      digest(this.#credentials.reveal()),
    );
  }
}

/**
 * The hosts by which a listener is called.
 * @param url what other processes are told, [json_rpc]public_url or made from the address
 */
export function hostsOf(url: string, address: string, port: number): string[] {
  const names = [hostName(address), ...(isLoopback(address) ? ["localhost"] : [])];
  return [new URL(url).host, ...names.map((name) => new URL(`http://${name}:${port}`).host)];
}

/** The form of an address or name inside a URL. */
export function hostName(address: string): string {
  return isIPv6(address) ? `[${address}]` : address;
}

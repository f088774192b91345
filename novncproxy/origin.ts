/**
 * The Origin rule: a browser may open a console only from a page of this proxy or of an origin that the
 * operator named. Compares scheme, host and port; keeps no state between requests, so nothing of one
 * request can end up in the list for the next.
 */
import type { IncomingMessage } from "node:http";
import { OriginNotAllowed } from "../common/errors.ts";
import { forwarded } from "../common/networks.ts";

export class OriginRule {
  readonly #allowed: ReadonlySet<string>;
  readonly #scheme: "http" | "https";

  /**
   * @param options `allowedOrigins` from [cors]allowed_origin; `publicUrl` from [vnc]public_url, whose
   * origin is ours as browsers see it; `tls` whether the listener itself speaks TLS
   * @param mistakes gets one sentence for every entry that is not an origin
   */
  constructor(
    options: { allowedOrigins: readonly string[]; publicUrl: string; tls: boolean },
    mistakes: string[],
  ) {
    const allowed = new Set<string>();
    for (const entry of options.allowedOrigins) {
      const origin = originOf(entry);
      if (origin === undefined || !/^https?:\/\/[^/?#]+\/?$/i.test(entry))
        mistakes.push(
          `[cors]allowed_origin: "${entry}" is not an origin such as https://horizon.example`,
        );
      else allowed.add(origin);
    }
    if (options.publicUrl !== "") {
      const origin = originOf(options.publicUrl);
      if (origin === undefined)
        mistakes.push(`[vnc]public_url: "${options.publicUrl}" is not an http or https URL`);
      else allowed.add(origin);
    }
    this.#allowed = allowed;
    this.#scheme = options.tls ? "https" : "http";
  }

  /**
   * @param trusted true when the peer is a trusted load balancer, so that X-Forwarded-Proto and -Host count
   * @throws {OriginNotAllowed}
   */
  check(request: IncomingMessage, trusted: boolean): void {
    const origins = request.headersDistinct["origin"] ?? [];
    /* programs that are not browsers send none; they carry no one's cookies, and we have none */
    if (origins.length === 0) return;
    const origin = origins.length === 1 ? originOf(origins[0]!) : undefined;
    if (
      origin !== undefined &&
      (this.#allowed.has(origin) || origin === this.#own(request, trusted))
    )
      return;
    throw new OriginNotAllowed("this page may not open consoles here");
  }

  /** Our own origin as this request's sender sees it. */
  #own(request: IncomingMessage, trusted: boolean): string | undefined {
    const hosts = request.headersDistinct["host"] ?? [];
    if (hosts.length !== 1) return undefined;
    /* the first entry is what the browser asked the outermost balancer for */
    const host = (trusted ? forwarded(request, "x-forwarded-host")[0] : undefined) ?? hosts[0]!;
    const scheme =
      (trusted ? forwarded(request, "x-forwarded-proto")[0] : undefined) ?? this.#scheme;
    if (!/^(\[[0-9a-f:.]+\]|[^\s:/?#@[\]\\]+)(:\d{1,5})?$/i.test(host)) return undefined;
    return originOf(`${scheme}://${host}`);
  }
}

/** @returns the serialized origin of an http(s) URL; undefined for everything else, "null" included */
function originOf(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.username !== "" || url.password !== "") return undefined;
  /* browsers say http(s) for a page; ws(s) is what some programs send */
  const web = url.protocol.replace(/^ws/, "http");
  if (web !== "http:" && web !== "https:") return undefined;
  return web === url.protocol ? url.origin : new URL(text.replace(/^ws/i, "http")).origin;
}

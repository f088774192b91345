/** Requests and answers of the simulated BMCs, small enough to write a vendor's pages in. */
import type { IncomingMessage, ServerResponse } from "node:http";

const BODY_LIMIT_BYTES = 64 * 1024;

export interface BmcRequest {
  readonly method: string;
  /** Without query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly cookies: ReadonlyMap<string, string>;
  readonly body: string;
}

export interface BmcReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: string | Uint8Array;
}

type Headers = BmcReply["headers"];

export async function readRequest(incoming: IncomingMessage): Promise<BmcRequest> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_LIMIT_BYTES) throw new Error("request body too long");
    chunks.push(chunk);
  }
  return { ...requestHead(incoming), body: Buffer.concat(chunks).toString() };
}

/** What can be known before the body, or of an upgrade. */
export function requestHead(incoming: IncomingMessage): BmcRequest {
  const url = new URL(incoming.url ?? "/", "https://bmc.test");
  const pairs = (incoming.headers.cookie ?? "").split(/;\s*/).filter(Boolean);
  return {
    method: incoming.method ?? "GET",
    path: url.pathname,
    query: url.searchParams,
    headers: incoming.headers,
    cookies: new Map(
      pairs.map((pair) => [pair.replace(/=.*/s, ""), pair.replace(/^[^=]*=?/, "")] as const),
    ),
    body: "",
  };
}

export function formOf(request: BmcRequest): URLSearchParams {
  return new URLSearchParams(request.body);
}

/** @returns an empty object for what is no JSON object */
export function jsonOf(request: BmcRequest): Record<string, unknown> {
  try {
    const found: unknown = JSON.parse(request.body);
    return typeof found === "object" && found !== null ? { ...found } : {};
  } catch {
    return {};
  }
}

export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

export function headerOf(request: BmcRequest, name: string): string {
  const value = request.headers[name];
  return typeof value === "string" ? value : "";
}

export function html(body: string, status = 200, headers: Headers = {}): BmcReply {
  return { status, headers: { "content-type": "text/html; charset=utf-8", ...headers }, body };
}

export function json(value: unknown, status = 200, headers: Headers = {}): BmcReply {
  const body = JSON.stringify(value);
  return { status, headers: { "content-type": "application/json", ...headers }, body };
}

export function plain(type: string, body: string | Uint8Array, headers: Headers = {}): BmcReply {
  return { status: 200, headers: { "content-type": type, ...headers }, body };
}

export function redirect(to: string, headers: Headers = {}): BmcReply {
  return { status: 302, headers: { location: to, ...headers }, body: "" };
}

export function notFound(): BmcReply {
  return html(page("404", "<h1>404 - Not Found</h1>"), 404);
}

/** @param head scripts and styles */
export function page(title: string, body: string, head = "", bodyAttributes = ""): string {
  return `<!doctype html><html><head><meta charset="utf-8"><title>${title}</title>${head}</head><body ${bodyAttributes}>${body}</body></html>`;
}

/** A string as a literal of a script inside HTML. */
export function literal(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}

export function writeReply(response: ServerResponse, reply: BmcReply): void {
  response.writeHead(reply.status, { "cache-control": "no-store", ...reply.headers });
  response.end(reply.body);
}

/**
 * What a REST route is: data (method, path, policy rule) plus a function from request to response
 * that knows nothing of HTTP sockets. A route never writes a response itself and never turns an error
 * into one.
 */
import type { Readable } from "node:stream";
import type { Json } from "../common/node.ts";
import type { RequestContext } from "../common/request-context.ts";
import type { PolicyRule } from "./policy.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface ApiRequest {
  readonly context: RequestContext;
  /** Minor part of the negotiated microversion: 78 for 1.78. */
  readonly minor: number;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The parsed body; undefined when there was none. */
  readonly body: Json | undefined;
  /** The body of a route that takes it as it comes. */
  readonly upload?: Upload;
  /** `scheme://host[:port]` for links and Location, without a slash at the end. */
  readonly baseUrl: string;
}

export interface Upload {
  readonly content: AsyncIterable<Buffer>;
  /** What Content-Length says; null without one. */
  readonly lengthBytes: number | null;
}

export interface StreamedBody {
  readonly content: Readable;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ApiResponse {
  readonly status: number;
  readonly body?: object;
  /** Instead of `body`: sent as it comes. */
  readonly stream?: StreamedBody;
  /** Absolute URL for the Location header. */
  readonly location?: string;
}

export interface Route {
  readonly method: Method;
  /** Absolute path with `:name` parameters; a slash at its end is tolerated in requests. */
  readonly path: string;
  /** Who may: a named rule, or everybody without credentials. */
  readonly rule: PolicyRule | "public";
  /** What its handler asks for some requests besides. */
  readonly also?: readonly PolicyRule[];
  /** `stream`: an application/octet-stream of any length, which the handler reads and bounds. */
  readonly takes?: "json" | "stream";
  /** Minor version that brought it; older requests get 404 as if it did not exist. */
  readonly since?: number;
  /** Answers, or throws one of our error classes. */
  readonly handle: (request: ApiRequest) => Promise<ApiResponse> | ApiResponse;
}

export function ok(body: object): ApiResponse {
  return { status: 200, body };
}

export function created(location: string, body: object): ApiResponse {
  return { status: 201, body, location };
}

/** The work goes on after the answer; the caller polls `location` when there is one. */
export function accepted(location?: string): ApiResponse {
  return location === undefined ? { status: 202 } : { status: 202, location };
}

export const noContent: ApiResponse = { status: 204 };

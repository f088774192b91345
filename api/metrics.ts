/**
 * `GET /metrics` of the REST service, for Prometheus: power, consoles and sensors of all nodes, from the
 * database alone; no machine is asked. Open without credentials to the networks of [api]metrics_allowed;
 * for everybody else it is not there.
 */
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import type { Clock } from "../common/clock.ts";
import type { Config } from "../common/config/options.ts";
import { ConfigInvalid, MethodNotAllowed, RouteNotFound } from "../common/errors.ts";
import { Networks, plainAddress } from "../common/networks.ts";
import type { Database } from "../db/database.ts";
import { hostnameOf } from "./base-url.ts";
import { isLoopback } from "../common/loopback.ts";
import { nodeMetrics } from "./node-metrics.ts";
import type { ApiMiddleware } from "./state.ts";

/** For how long one look at the database serves everybody who asks. */
const FRESH_MS = 1000;
const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

export interface MetricsDeps {
  readonly config: Config;
  readonly database: Database;
  readonly clock: Clock;
}

/** @throws {ConfigInvalid} when [api]metrics_allowed names something that is no network */
export function metrics(deps: MetricsDeps): ApiMiddleware {
  const mistakes: string[] = [];
  const { api } = deps.config;
  const allowed = new Networks("[api]metrics_allowed", api.metrics_allowed, mistakes);
  if (mistakes.length > 0) throw new ConfigInvalid(mistakes);
  const ownName = api.public_endpoint === "" ? "" : new URL(api.public_endpoint).host;
  const read = remembered(deps.clock, () => nodeMetrics(deps.database));
  return async (ctx, next) => {
    if (ctx.path !== "/metrics") return next();
    const source = sourceOf(ctx.req, api.enable_proxy_headers_parsing);
    if (source === undefined || !allowed.has(source) || isRebound(ctx.req, source, ownName))
      throw new RouteNotFound();
    if (ctx.method !== "GET" && ctx.method !== "HEAD") throw new MethodNotAllowed(["GET"]);
    ctx.body = await read();
    ctx.set("Content-Type", CONTENT_TYPE);
  };
}

/**
 * The address a request really comes from, or undefined where nobody knows: a proxy in front that the
 * configuration does not mention must not lend its own address to the whole world.
 */
function sourceOf({ headers, socket }: IncomingMessage, believed: boolean): string | undefined {
  const chain = [headers["x-forwarded-for"] ?? []].flat().join(",");
  if (chain === "" && headers.forwarded === undefined) return plainAddress(socket.remoteAddress);
  const last = plainAddress(chain.slice(chain.lastIndexOf(",") + 1).trim());
  return believed && isIP(last) !== 0 ? last : undefined;
}

/**
 * A web page on this machine that asks under a name of its own (DNS rebinding). Scrapers on this machine
 * use an address, a loopback name or [api]public_endpoint.
 */
function isRebound({ headers }: IncomingMessage, source: string, ownName: string): boolean {
  if (!isLoopback(source) || headers.host === undefined) return false;
  const name = hostnameOf(headers.host);
  return isIP(name) === 0 && !isLoopback(name) && (name === "" || name !== hostnameOf(ownName));
}

/** Looks again when the last look is older than {@link FRESH_MS}; those who ask meanwhile share one. */
function remembered(clock: Clock, look: () => Promise<string>): () => Promise<string> {
  let current: { readonly at: number; readonly text: Promise<string> } | undefined;
  return () => {
    const now = clock.now();
    if (current && now - current.at < FRESH_MS && now >= current.at) return current.text;
    const mine = { at: now, text: look() };
    mine.text.catch(() => {
      if (current === mine) current = undefined;
    });
    current = mine;
    return mine.text;
  };
}

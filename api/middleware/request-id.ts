/**
 * Gives every request an id of its own, in both headers that OpenStack clients look for, and writes
 * one log line when it is answered. Never logs the query or the body: they may hold secrets.
 */
import { randomUUID } from "node:crypto";
import type { Clock } from "../../common/clock.ts";
import type { Logger } from "../../common/log.ts";
import type { ApiMiddleware } from "../state.ts";

const READS = new Set(["GET", "HEAD", "OPTIONS"]);

export function requestId(deps: { readonly log: Logger; readonly clock: Clock }): ApiMiddleware {
  return async (ctx, next) => {
    const started = deps.clock.now();
    ctx.state.requestId = `req-${randomUUID()}`;
    ctx.state.minor = 1;
    ctx.set("Openstack-Request-Id", ctx.state.requestId);
    ctx.set("X-Openstack-Request-Id", ctx.state.requestId);
    await next();
    deps.log.log(READS.has(ctx.method) ? "debug" : "info", "answered", {
      method: ctx.method,
      path: ctx.path,
      status: ctx.status,
      milliseconds: deps.clock.now() - started,
      user: ctx.state.context?.userName ?? undefined,
      sourceAddress: ctx.req.socket.remoteAddress,
      requestId: ctx.state.requestId,
    });
  };
}

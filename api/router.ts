/**
 * Mounts route tables on @koa/router: version gate, policy, body, handler, response, in this order.
 * What no route matches becomes 404, or 405 with the methods that would match.
 */
import { Router } from "@koa/router";
import { MethodNotAllowed, NotAuthenticated, NotFound, RouteNotFound } from "../common/errors.ts";
import type { RequestContext } from "../common/request-context.ts";
import { baseUrlOf, type BaseUrlRules } from "./base-url.ts";
import type { BodyDeadlines } from "./body-deadlines.ts";
import { readJsonBody } from "./middleware/json-body.ts";
import { uploadOf } from "./middleware/upload-body.ts";
import { enforce } from "./policy.ts";
import type { ApiRequest, ApiResponse, Route } from "./route.ts";
import type { ApiContext, ApiMiddleware, ApiState } from "./state.ts";

export interface RouterRules extends BaseUrlRules {
  readonly maxBodyBytes: number;
  readonly bodies: BodyDeadlines;
}

export function mountRoutes(routes: readonly Route[], rules: RouterRules): ApiMiddleware[] {
  const router = new Router<ApiState>();
  for (const route of routes)
    router.register(route.path, [route.method], async (ctx) => {
      respond(ctx, await answer(route, ctx, rules));
    });
  const unmatched: ApiMiddleware = (ctx) => {
    const allowed = router
      .match(ctx.path, ctx.method)
      .path.flatMap((layer) => layer.methods)
      .filter((method) => method !== "HEAD");
    throw allowed.length > 0
      ? new MethodNotAllowed([...new Set(allowed)].sort())
      : new RouteNotFound();
  };
  return [router.routes() as ApiMiddleware, unmatched];
}

async function answer(
  route: Route,
  ctx: ApiContext & { params: Record<string, string> },
  rules: RouterRules,
): Promise<ApiResponse> {
  const { minor } = ctx.state;
  if (route.since !== undefined && minor < route.since)
    throw new NotFound("Resource could not be found.");
  const context = callerOf(route, ctx);
  if (route.rule !== "public") enforce(route.rule, context);
  const takesBody = route.method === "POST" || route.method === "PUT" || route.method === "PATCH";
  const streams = route.takes === "stream";
  const request: ApiRequest = {
    context,
    minor,
    params: ctx.params,
    query: new URLSearchParams(ctx.querystring),
    body: takesBody && !streams ? await readJsonBody(ctx.req, rules.maxBodyBytes) : undefined,
    ...(streams && { upload: uploadOf(ctx.req, rules.bodies) }),
    baseUrl: baseUrlOf(ctx.req, rules),
  };
  try {
    return await route.handle(request);
  } catch (error) {
    /* What is left of an upload is not worth reading. */
    if (streams && !ctx.req.complete) ctx.set("Connection", "close");
    throw error;
  }
}

function callerOf(route: Route, ctx: ApiContext): RequestContext {
  if (ctx.state.context) return ctx.state.context;
  if (route.rule !== "public") throw new NotAuthenticated("Authorization required");
  return {
    requestId: ctx.state.requestId,
    userId: null,
    userName: null,
    projectId: null,
    roles: [],
    isAdmin: false,
  };
}

function respond(ctx: ApiContext, response: ApiResponse): void {
  ctx.status = response.status;
  if (response.location !== undefined) ctx.set("Location", response.location);
  if (response.status === 204) return;
  if (response.stream) {
    ctx.set(response.stream.headers);
    ctx.body = response.stream.content;
    return;
  }
  if (response.body === undefined) {
    ctx.body = "";
    /* FACT(python-ironicclient 5.0): parses an empty body as JSON, and complains, if it has a type. */
    ctx.remove("Content-Type");
    return;
  }
  ctx.set("Content-Type", "application/json");
  ctx.body = JSON.stringify(response.body);
}

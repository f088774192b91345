/** Finds out who asks before anything else is looked at; version documents and health are open. */
import type { Authenticator } from "../auth/authenticator.ts";
import type { ApiMiddleware } from "../state.ts";

const PUBLIC_PATHS = new Set(["/", "/v1", "/v1/", "/healthz", "/readyz"]);

export function authenticate(authenticator: Authenticator): ApiMiddleware {
  return async (ctx, next) => {
    if (!PUBLIC_PATHS.has(ctx.path))
      ctx.state.context = await authenticator.authenticate(ctx.req, ctx.state.requestId);
    await next();
  };
}

/**
 * Headers that keep browsers from doing anything with an answer but read it. Answers may hold console
 * links, so nobody may store them.
 */
import type { ApiMiddleware } from "../state.ts";

export function securityHeaders(): ApiMiddleware {
  return async (ctx, next) => {
    ctx.set({
      "Cache-Control": "no-store",
      "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
      "Referrer-Policy": "no-referrer",
      "X-Content-Type-Options": "nosniff",
    });
    await next();
  };
}

/**
 * `bookmark` links have no version in their path; they lead to v1, as upstream routes them. Slashes at
 * the end, which clients send before a query, are taken off here too.
 */
import { withoutSlashesAtEnd } from "../slashes.ts";
import type { ApiMiddleware } from "../state.ts";

const COLLECTION =
  /^\/(?:allocations|chassis|conductors|deploy_templates|drivers|nodes|portgroups|ports|sessions|volume)(?:\/|$)/;

export function unversionedPaths(): ApiMiddleware {
  return async (ctx, next) => {
    if (ctx.path !== "/" && ctx.path.endsWith("/")) ctx.path = withoutSlashesAtEnd(ctx.path) || "/";
    if (COLLECTION.test(ctx.path)) ctx.path = `/v1${ctx.path}`;
    await next();
  };
}

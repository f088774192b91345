/** Negotiates the microversion of a Bare Metal request and names the range in every answer. */
import {
  MAX_VERSION,
  MAX_VERSION_HEADER,
  MIN_VERSION,
  MIN_VERSION_HEADER,
  negotiateMinor,
  STANDARD_VERSION_HEADER,
  VERSION_HEADER,
} from "../v1/microversions.ts";
import type { ApiMiddleware } from "../state.ts";

const BAREMETAL_PATH = /^\/v1(?:\/|$)/;

export function microversion(): ApiMiddleware {
  return async (ctx, next) => {
    if (BAREMETAL_PATH.test(ctx.path)) {
      ctx.set(MIN_VERSION_HEADER, MIN_VERSION);
      ctx.set(MAX_VERSION_HEADER, MAX_VERSION);
      ctx.vary(`${VERSION_HEADER}, ${STANDARD_VERSION_HEADER}`);
      ctx.state.minor = negotiateMinor(ctx.get(STANDARD_VERSION_HEADER), ctx.get(VERSION_HEADER));
      ctx.set(VERSION_HEADER, `1.${ctx.state.minor}`);
    }
    await next();
  };
}

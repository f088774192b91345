/** What the middlewares know about one request, filled in from the outside to the inside. */
import type { Middleware, ParameterizedContext } from "koa";
import type { RequestContext } from "../common/request-context.ts";

export interface ApiState {
  /** `req-UUID`; set first, so that every answer and log line has it. */
  requestId: string;
  /** Set by authentication; undefined on public paths. */
  context?: RequestContext;
  /** Minor part of the negotiated microversion; 1 where none is negotiated. */
  minor: number;
}

export type ApiContext = ParameterizedContext<ApiState>;
export type ApiMiddleware = Middleware<ApiState>;

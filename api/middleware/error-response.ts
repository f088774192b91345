/**
 * The only place where an error becomes an HTTP body, in Ironic's four dialects: a fault inside a
 * string for what a handler raised, code/title/description inside a string for routing and version
 * negotiation, and a plain `error` object for authentication.
 *
 * Never shows the text of an error that is not ours, shows operators' details to operators only, and
 * never carries a control character.
 */
import { STATUS_CODES } from "node:http";
import {
  ConsoleServiceError,
  MalformedCredentials,
  MethodNotAllowed,
  NotAuthenticated,
  RouteNotFound,
  tenantSentence,
  VersionNotSupported,
} from "../../common/errors.ts";
import type { Logger } from "../../common/log.ts";
import { escaped } from "../../common/printable.ts";
import type { ApiContext, ApiMiddleware } from "../state.ts";

export function errorResponse(deps: {
  readonly log: Logger;
  /** WWW-Authenticate of a 401. */
  readonly challenge: string | undefined;
}): ApiMiddleware {
  return async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      const status = error instanceof ConsoleServiceError ? error.status : 500;
      if (status >= 500)
        deps.log.error("a request failed", {
          requestId: ctx.state.requestId,
          path: ctx.path,
          error,
        });
      ctx.status = status;
      if (error instanceof NotAuthenticated && deps.challenge !== undefined)
        ctx.set("WWW-Authenticate", deps.challenge);
      if (error instanceof MethodNotAllowed) ctx.set("Allow", error.allowed.join(", "));
      if (status === 413) ctx.set("Connection", "close");
      ctx.set("Content-Type", "application/json");
      ctx.body = JSON.stringify(errorBody(error, status, ctx));
    }
  };
}

function errorBody(error: unknown, status: number, ctx: ApiContext): object {
  /* It may quote the request, and clients print it to a terminal. */
  const sentence = escaped(sentenceOf(error, ctx));
  if (error instanceof NotAuthenticated || error instanceof MalformedCredentials)
    return { error: { message: sentence, code: status } };
  const inside =
    error instanceof RouteNotFound || error instanceof MethodNotAllowed
      ? routingFault(status, "")
      : error instanceof VersionNotSupported
        ? routingFault(status, sentence)
        : {
            faultcode: status < 500 ? "Client" : "Server",
            faultstring: sentence,
            debuginfo: null,
          };
  return { error_message: JSON.stringify(inside) };
}

function routingFault(status: number, description: string): object {
  return { code: status, title: STATUS_CODES[status] ?? "", description };
}

function sentenceOf(error: unknown, ctx: ApiContext): string {
  if (error instanceof ConsoleServiceError && ctx.state.context?.isAdmin) return error.message;
  return tenantSentence(error);
}

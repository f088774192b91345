/**
 * Everything the proxy answers over plain HTTP: pages, health, metrics, and the reason why a WebSocket is
 * refused. Exact addresses only; no answer repeats anything from the request, and none redirects.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { ConsoleServiceError, messageOf, tenantSentence } from "../common/errors.ts";
import type { Logger } from "../common/log.ts";
import { CONSOLE_LOG_PATH, type ConsoleLogRoute } from "./console-log/log-route.ts";
import type { ProxyMetrics } from "./metrics.ts";
import { sourceOf, type Networks } from "../common/networks.ts";
import type { Pages } from "./pages.ts";
import { BASE_HEADERS } from "./security-headers.ts";
import { WEBSOCKET_PATH, type UpgradeGate } from "./upgrade.ts";

export interface RouteParts {
  readonly pages: Pages;
  readonly consoleLog: ConsoleLogRoute;
  readonly gate: UpgradeGate;
  readonly metrics: ProxyMetrics;
  readonly metricsAllowed: Networks;
  readonly trustedProxies: Networks;
  /** Throws when the proxy should get no new visitors; for /readyz. */
  readonly checkReady: () => Promise<void>;
  readonly log: Logger;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

export function createRoutes(
  parts: RouteParts,
): (request: IncomingMessage, response: ServerResponse) => void {
  const routes: Readonly<Record<string, Handler>> = {
    "/healthz": (_request, response) => sendJson(response, 200, { status: "ok" }),
    "/readyz": async (_request, response) => {
      try {
        await parts.checkReady();
        sendJson(response, 200, { status: "ready" });
      } catch (error) {
        parts.log.warn("not ready", { error: messageOf(error) });
        sendJson(response, 503, { status: "not ready" });
      }
    },
    "/metrics": async (request, response) => {
      if (mayReadMetrics(request, parts)) await sendMetrics(response, parts.metrics);
      else sendNothing(response, 404);
    },
    [CONSOLE_LOG_PATH]: (request, response) => parts.consoleLog.handle(request, response),
    [WEBSOCKET_PATH]: (request, response) => explain(request, response, parts),
  };
  return (request, response) => {
    const path = pathOf(request);
    const handler = Object.hasOwn(routes, path) ? routes[path] : undefined;
    if (!handler && !parts.pages.has(path)) sendNothing(response, 404);
    else if (request.method !== "GET" && request.method !== "HEAD")
      sendNothing(response, 405, { Allow: "GET, HEAD" });
    else if (handler)
      Promise.resolve(handler(request, response)).catch((error: unknown) => {
        parts.log.error("an HTTP answer failed", { error });
        if (response.headersSent) response.destroy();
        else sendNothing(response, 500);
      });
    else parts.pages.serve(path, request, response);
  };
}

function pathOf(request: IncomingMessage): string {
  const target = request.url ?? "";
  const query = target.indexOf("?");
  return query < 0 ? target : target.slice(0, query);
}

async function explain(
  request: IncomingMessage,
  response: ServerResponse,
  parts: RouteParts,
): Promise<void> {
  try {
    await parts.gate.explain(request, sourceOf(request, parts.trustedProxies));
  } catch (error) {
    const known = error instanceof ConsoleServiceError;
    if (!known) parts.log.error("the reason of a refusal could not be found", { error });
    sendJson(response, known ? error.status : 500, {
      code: known ? error.code : "INTERNAL",
      message: tenantSentence(error),
    });
  }
}

/**
 * By the address the request really comes from. A balancer that is not named in [vnc]trusted_proxies
 * must not lend its own address to the whole world.
 */
function mayReadMetrics(request: IncomingMessage, parts: RouteParts): boolean {
  const source = sourceOf(request, parts.trustedProxies);
  const passedOn = "x-forwarded-for" in request.headers || "forwarded" in request.headers;
  return (source.trusted || !passedOn) && parts.metricsAllowed.has(source.address);
}

async function sendMetrics(response: ServerResponse, metrics: ProxyMetrics): Promise<void> {
  const text = await metrics.registry.metrics();
  send(response, 200, text, { "Content-Type": metrics.registry.contentType });
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  send(response, status, `${JSON.stringify(body)}\n`, { "Content-Type": "application/json" });
}

function sendNothing(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>> = {},
): void {
  send(response, status, "", headers);
}

function send(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>>,
): void {
  response.writeHead(status, {
    ...BASE_HEADERS,
    ...headers,
    "Cache-Control": "no-store",
    "Content-Length": Buffer.byteLength(text),
    ...(status === 426 && { Upgrade: "websocket", Connection: "Upgrade" }),
  });
  response.end(text);
}

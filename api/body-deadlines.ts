/**
 * How long a request's body may take. Node's own limit is one for the whole listener, and an image of
 * many gigabytes takes longer than a caller who feeds us JSON byte by byte may: so each request has its
 * own, and the route of uploads lifts its.
 */
import type { IncomingMessage, ServerResponse } from "node:http";

const LIMIT_MS = 60_000;

export class BodyDeadlines {
  readonly #limitMs: number;
  readonly #timers = new WeakMap<IncomingMessage, NodeJS.Timeout>();

  constructor(limitMs = LIMIT_MS) {
    this.#limitMs = limitMs;
  }

  watch(request: IncomingMessage, response: ServerResponse): void {
    if (request.headers["content-length"] === undefined && !request.headers["transfer-encoding"])
      return;
    const timer = setTimeout(() => {
      if (!request.complete) request.socket.destroy();
    }, this.#limitMs);
    this.#timers.set(request, timer);
    const end = (): void => clearTimeout(timer);
    request.once("end", end);
    /* An answer that came before the body's end does not lift it; the connection's end does. */
    response.once("close", () => {
      if (request.complete || request.socket.destroyed) end();
      else request.socket.once("close", end);
    });
  }

  /** The route bounds this body itself. */
  lift(request: IncomingMessage): void {
    clearTimeout(this.#timers.get(request));
  }
}

/**
 * The gate: judges who may open a WebSocket, before the 101. Path and form, then Origin, then room, then
 * the token together with opening the session in the database. A refusal is an empty answer; the page
 * asks the same address with a plain GET for the reason, which opens nothing.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { Socket } from "node:net";
import {
  ConsoleServiceError,
  Invalid,
  messageOf,
  NodeConsoleNotEnabled,
  NotFound,
  TooManySessions,
  UpgradeRequired,
} from "../common/errors.ts";
import type { Logger } from "../common/log.ts";
import type { Database, OpenedSession } from "../db/database.ts";
import { checkLinkType, type Admission } from "./admission.ts";
import type { ProxyMetrics } from "./metrics.ts";
import { sourceOf, type Networks, type Source } from "../common/networks.ts";
import type { OriginRule } from "./origin.ts";
import type { SerialEntrance } from "./serial/serial-entrance.ts";
import { WebSocketTenant } from "./serial/websocket-tenant.ts";
import { ConsoleSession, type SessionEnvironment } from "./session.ts";
import type { CarriedSession } from "./session-record.ts";
import type { SessionRegistry } from "./session-registry.ts";
import {
  acceptance,
  BASE64_PROTOCOL,
  checkHandshake,
  chooseProtocol,
  NOTICES_PROTOCOL,
  refuse,
} from "./ws-handshake.ts";

export const WEBSOCKET_PATH = "/websockify";

export interface GateParts {
  readonly admission: Admission;
  readonly serial: SerialEntrance;
  readonly database: Pick<Database, "sessions" | "tokens" | "nodes">;
  readonly origin: OriginRule;
  readonly trustedProxies: Networks;
  readonly registry: SessionRegistry;
  readonly environment: SessionEnvironment;
  readonly metrics: ProxyMetrics;
  readonly log: Logger;
}

/** One upgrade request that passed the checks of its form. */
interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  readonly head: Buffer;
  readonly protocol: string | undefined;
}

const KEEP_ALIVE_MILLISECONDS = 30_000;

export class UpgradeGate {
  readonly #parts: GateParts;

  constructor(parts: GateParts) {
    this.#parts = parts;
  }

  /** Answers an upgrade request: a session, or an empty refusal. */
  async handle(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on("error", ignore);
    const source = sourceOf(request, this.#parts.trustedProxies);
    try {
      if (!(socket instanceof Socket)) throw new ConsoleServiceError("not a network socket");
      const url = targetOf(request);
      checkHandshake(request);
      const protocol = chooseProtocol(request);
      this.#checkWithoutDatabase(request, url, source);
      const upgrade = { request, socket, head, protocol };
      const node = nodeIn(url);
      const visitor = {
        token: tokenIn(url),
        ...(node !== undefined && { nodeUuid: node }),
        sourceAddress: source.address,
        userAgent: request.headers["user-agent"] ?? null,
      };
      await this.#parts.admission.admit(visitor, (opened) => this.#settle(opened, upgrade));
    } catch (error) {
      this.#refuse(socket, source, error);
    }
  }

  /**
   * Says what an upgrade to this address would meet.
   * @throws {UpgradeRequired} when it would be let in; otherwise what it would be refused with
   */
  async explain(request: IncomingMessage, source: Source): Promise<never> {
    const { admission, database, serial } = this.#parts;
    const { maxSessionsPerNode, maxSessionsPerToken } = admission.options;
    const url = targetOf(request);
    this.#checkWithoutDatabase(request, url, source);
    const grant = await database.tokens.validate(tokenIn(url), nodeIn(url));
    const node = await database.nodes.get(grant.nodeUuid);
    if (!node.consoleEnabled || !node.consoleEndpoint)
      throw new NodeConsoleNotEnabled("the console of this machine is switched off");
    checkLinkType(grant.consoleType, node.consoleEndpoint.consoleType);
    const active = await database.sessions.listActive({ nodeUuid: node.uuid });
    if (active.length >= maxSessionsPerNode) throw tooManyOfNode();
    const underToken = active.filter((session) => session.tokenId === grant.id);
    if (underToken.length >= maxSessionsPerToken) throw tooManyOfLink();
    if (node.consoleEndpoint.consoleType === "serial") await serial.checkReachable(node.uuid);
    throw new UpgradeRequired("this address is for websockets");
  }

  #checkWithoutDatabase(request: IncomingMessage, url: URL, source: Source): void {
    const { admission, origin } = this.#parts;
    admission.checkOpen();
    origin.check(request, source.trusted);
    admission.checkWithoutDatabase(tokenIn(url));
  }

  /** @returns undefined when the browser has left meanwhile */
  async #settle(opened: OpenedSession, upgrade: Upgrade): Promise<CarriedSession | undefined> {
    const { admission, environment, serial } = this.#parts;
    admission.checkOpen();
    const { request, socket, protocol } = upgrade;
    if (opened.endpoint.consoleType !== "serial") return this.#showScreen(opened, upgrade);
    const onPage = protocol === NOTICES_PROTOCOL && request.headers.origin !== undefined;
    const session = await serial.settle(opened, onPage ? "browser" : "other", (listener) =>
      this.#accept(upgrade)
        ? new WebSocketTenant(socket, listener, { ...environment, protocol })
        : undefined,
    );
    socket.off("error", ignore);
    socket.uncork();
    return session;
  }

  #showScreen(opened: OpenedSession, upgrade: Upgrade): CarriedSession | undefined {
    const { environment, registry } = this.#parts;
    const { socket, protocol } = upgrade;
    if (protocol === BASE64_PROTOCOL) throw new Invalid("a screen is not sent as base64");
    if (!this.#accept(upgrade)) return undefined;
    const session = new ConsoleSession(environment, opened, socket, {
      speaksNotices: protocol === NOTICES_PROTOCOL,
      onClosed: registry.remove,
    });
    registry.add(session);
    session.start();
    socket.off("error", ignore);
    socket.uncork();
    return session;
  }

  /**
   * Writes the 101, which leaves together with the first that the session sends.
   * @returns false when the browser has left
   */
  #accept({ request, socket, head, protocol }: Upgrade): boolean {
    if (socket.destroyed) return false;
    socket.setTimeout(0);
    socket.setNoDelay(true);
    /* pings find a dead browser too, and sooner */
    if (this.#parts.environment.pingMilliseconds === 0)
      socket.setKeepAlive(true, KEEP_ALIVE_MILLISECONDS);
    if (head.length > 0) socket.unshift(head);
    socket.cork();
    socket.write(acceptance(request, protocol));
    return true;
  }

  #refuse(socket: Duplex, source: Source, error: unknown): void {
    const known = error instanceof ConsoleServiceError;
    const code = known ? error.code : "INTERNAL";
    this.#parts.metrics.refused.inc({ code });
    const fields = { code, source: source.address, error: messageOf(error) };
    if (known) this.#parts.log.info("console websocket refused", fields);
    else this.#parts.log.error("console websocket failed", { ...fields, error });
    refuse(socket, known ? error.status : 500);
  }
}

function ignore(): void {
  /* a peer that leaves before it is let in is nobody's error */
}

function tooManyOfNode(): TooManySessions {
  return new TooManySessions("this machine has as many console sessions as it may");
}

function tooManyOfLink(): TooManySessions {
  return new TooManySessions("this link has as many console sessions as it may");
}

/** @throws {NotFound} for any address but the one, in origin form (RFC 9112 section 3.2.1) */
function targetOf(request: IncomingMessage): URL {
  const target = request.url ?? "";
  if (target !== WEBSOCKET_PATH && !target.startsWith(`${WEBSOCKET_PATH}?`))
    throw new NotFound("there is nothing at this address");
  return new URL(target, "http://proxy.invalid");
}

/** The last one wins, as with Ironic. */
function tokenIn(url: URL): string {
  return url.searchParams.getAll("token").at(-1) ?? "";
}

function nodeIn(url: URL): string | undefined {
  return url.searchParams.getAll("node").at(-1);
}

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
  ConsoleTypeNotSupported,
  InvalidToken,
  messageOf,
  NodeConsoleNotEnabled,
  NotFound,
  ShuttingDown,
  TemporaryFailure,
  TooManySessions,
  UpgradeRequired,
} from "../common/errors.ts";
import type { Logger } from "../common/log.ts";
import { looksLikeToken } from "../common/token.ts";
import type { Database, OpenedSession } from "../db/database.ts";
import type { ProxyMetrics } from "./metrics.ts";
import { sourceOf, type Networks, type Source } from "./networks.ts";
import type { OriginRule } from "./origin.ts";
import { ConsoleSession, type SessionEnvironment } from "./session.ts";
import type { SessionRegistry } from "./session-registry.ts";
import {
  acceptance,
  checkHandshake,
  chooseProtocol,
  NOTICES_PROTOCOL,
  refuse,
} from "./ws-handshake.ts";

export const WEBSOCKET_PATH = "/websockify";

export interface GateOptions {
  /** Name of this proxy, [DEFAULT]host. */
  readonly host: string;
  readonly maxSessions: number;
  readonly maxSessionsPerNode: number;
  readonly maxSessionsPerToken: number;
}

export interface GateParts {
  readonly options: GateOptions;
  readonly database: Pick<Database, "sessions" | "tokens" | "nodes">;
  readonly origin: OriginRule;
  readonly trustedProxies: Networks;
  readonly registry: SessionRegistry;
  readonly environment: SessionEnvironment;
  readonly metrics: ProxyMetrics;
  readonly log: Logger;
}

const LONGEST_USER_AGENT = 256;
const KEEP_ALIVE_MILLISECONDS = 30_000;

export class UpgradeGate {
  readonly #parts: GateParts;
  /** Upgrades between the check for room and their session. */
  #opening = 0;
  #state: "starting" | "open" | "draining" = "starting";

  constructor(parts: GateParts) {
    this.#parts = parts;
  }

  /** Nobody gets in before; they are sent away with 503. */
  open(): void {
    this.#state = "open";
  }

  /** From now on everybody is sent away with 503. */
  drain(): void {
    this.#state = "draining";
  }

  /** @throws {TemporaryFailure} before `open`; {@link ShuttingDown} after `drain` */
  checkOpen(): void {
    if (this.#state === "starting") throw new TemporaryFailure("the console proxy is starting");
    if (this.#state === "draining") throw new ShuttingDown("the console proxy is shutting down");
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
      const opened = await this.#open(request, url, source);
      this.#start(opened, request, socket, head, protocol);
    } catch (error) {
      this.#refuse(socket, source, error);
    }
  }

  /**
   * Says what an upgrade to this address would meet.
   * @throws {UpgradeRequired} when it would be let in; otherwise what it would be refused with
   */
  async explain(request: IncomingMessage, source: Source): Promise<never> {
    const { database, options } = this.#parts;
    const url = targetOf(request);
    this.#checkWithoutDatabase(request, url, source);
    const grant = await database.tokens.validate(tokenIn(url), nodeIn(url));
    const node = await database.nodes.get(grant.nodeUuid);
    if (!node.consoleEnabled || !node.consoleEndpoint)
      throw new NodeConsoleNotEnabled("the console of this machine is switched off");
    checkConsoleType(node.consoleEndpoint.consoleType);
    const active = await database.sessions.listActive({ nodeUuid: node.uuid });
    if (active.length >= options.maxSessionsPerNode) throw tooManyOfNode();
    const underToken = active.filter((session) => session.tokenId === grant.id);
    if (underToken.length >= options.maxSessionsPerToken) throw tooManyOfLink();
    throw new UpgradeRequired("this address is for websockets");
  }

  #checkWithoutDatabase(request: IncomingMessage, url: URL, source: Source): void {
    const { origin, options, registry } = this.#parts;
    this.checkOpen();
    origin.check(request, source.trusted);
    if (!looksLikeToken(tokenIn(url))) throw new InvalidToken();
    if (registry.size + this.#opening >= options.maxSessions)
      throw new TooManySessions("the console proxy carries as many sessions as it may");
  }

  async #open(request: IncomingMessage, url: URL, source: Source): Promise<OpenedSession> {
    const { database, options, environment } = this.#parts;
    const nodeUuid = nodeIn(url);
    this.#opening += 1;
    try {
      const opened = await database.sessions.open({
        token: tokenIn(url),
        ...(nodeUuid !== undefined && { nodeUuid }),
        sourceAddress: source.address,
        userAgent: request.headers["user-agent"]?.slice(0, LONGEST_USER_AGENT) ?? null,
        proxyHost: options.host,
        maxSessionsPerNode: options.maxSessionsPerNode,
        maxSessionsPerToken: options.maxSessionsPerToken,
      });
      try {
        checkConsoleType(opened.endpoint.consoleType);
      } catch (error) {
        environment.rows.close(opened.session.id, (error as ConsoleServiceError).code, NOTHING);
        throw error;
      }
      return opened;
    } catch (error) {
      if (mayHaveOpened(error)) environment.rows.doubt();
      throw error;
    } finally {
      this.#opening -= 1;
    }
  }

  #start(
    opened: OpenedSession,
    request: IncomingMessage,
    socket: Socket,
    head: Buffer,
    protocol: string | undefined,
  ): void {
    const { environment, registry } = this.#parts;
    const draining = this.#state === "draining";
    if (draining || socket.destroyed) {
      environment.rows.close(
        opened.session.id,
        draining ? "proxy_shutdown" : "tenant_closed",
        NOTHING,
      );
      this.checkOpen();
      return;
    }
    socket.setTimeout(0);
    socket.setNoDelay(true);
    /* pings find a dead browser too, and sooner */
    if (environment.pingMilliseconds === 0) socket.setKeepAlive(true, KEEP_ALIVE_MILLISECONDS);
    if (head.length > 0) socket.unshift(head);
    socket.cork();
    socket.write(acceptance(request, protocol));
    const session = new ConsoleSession(environment, opened, socket, {
      speaksNotices: protocol === NOTICES_PROTOCOL,
      onClosed: registry.remove,
    });
    socket.off("error", ignore);
    registry.add(session);
    session.start();
    socket.uncork();
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

const NOTHING = { lastInputAt: null, bytesToTenant: 0, bytesToHost: 0 };

function ignore(): void {
  /* a peer that leaves before it is let in is nobody's error */
}

/** The database fell silent: the row may be there although nobody was told its id. */
function mayHaveOpened(error: unknown): boolean {
  return !(error instanceof ConsoleServiceError) || error.code === "TEMPORARY_FAILURE";
}

function checkConsoleType(consoleType: string): void {
  if (consoleType !== "vnc")
    throw new ConsoleTypeNotSupported(`consoles of type ${consoleType} cannot be shown here`);
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

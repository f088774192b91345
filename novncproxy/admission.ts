/**
 * Lets sessions in, whatever carries them: is the proxy open, is there room, does the token open a
 * session in the database. Refused sessions leave no row open.
 */
import {
  ConsoleServiceError,
  ConsoleTypeNotSupported,
  InvalidToken,
  ShuttingDown,
  TemporaryFailure,
  TooManySessions,
} from "../common/errors.ts";
import { looksLikeToken } from "../common/token.ts";
import type { Database, OpenedSession } from "../db/database.ts";
import type { SessionRegistry } from "./session-registry.ts";
import type { SessionRows } from "./session-rows.ts";

export interface AdmissionOptions {
  /** Name of this proxy, [DEFAULT]host. */
  readonly host: string;
  readonly maxSessions: number;
  readonly maxSessionsPerNode: number;
  readonly maxSessionsPerToken: number;
  /** [close_hook]url is set: somebody is told of every end. */
  readonly closeHook: boolean;
}

export interface Visitor {
  readonly token: string;
  /** Must be the token's node when given. */
  readonly nodeUuid?: string;
  readonly sourceAddress: string;
  readonly userAgent: string | null;
}

const LONGEST_USER_AGENT = 256;
const NOTHING = { lastInputAt: null, bytesToTenant: 0, bytesToHost: 0 };

export class Admission {
  readonly options: AdmissionOptions;
  readonly #sessions: Database["sessions"];
  readonly #registry: SessionRegistry;
  readonly #rows: SessionRows;
  /** Visitors between the check for room and their session. */
  #opening = 0;
  #state: "starting" | "open" | "draining" = "starting";

  constructor(parts: {
    readonly options: AdmissionOptions;
    readonly sessions: Database["sessions"];
    readonly registry: SessionRegistry;
    readonly rows: SessionRows;
  }) {
    this.options = parts.options;
    this.#sessions = parts.sessions;
    this.#registry = parts.registry;
    this.#rows = parts.rows;
  }

  /** Nobody gets in before; they are sent away with 503. */
  open(): void {
    this.#state = "open";
  }

  /** From now on everybody is sent away with 503. */
  drain(): void {
    this.#state = "draining";
  }

  get draining(): boolean {
    return this.#state === "draining";
  }

  /** @throws {TemporaryFailure} before `open`; {@link ShuttingDown} after `drain` */
  checkOpen(): void {
    if (this.#state === "starting") throw new TemporaryFailure("the console proxy is starting");
    if (this.#state === "draining") throw new ShuttingDown("the console proxy is shutting down");
  }

  /** @throws {InvalidToken} {@link TooManySessions} */
  checkWithoutDatabase(token: string): void {
    if (!looksLikeToken(token)) throw new InvalidToken();
    if (this.#registry.size + this.#opening >= this.options.maxSessions)
      throw new TooManySessions("the console proxy carries as many sessions as it may");
  }

  /**
   * Opens the session's row and has it become a session.
   * @param settle makes the session; undefined when the visitor has left meanwhile. When it throws, the
   * row is closed with that error's code
   * @throws what `sessions.open` and `settle` throw
   */
  async admit<T extends object>(
    visitor: Visitor,
    settle: (opened: OpenedSession) => Promise<T | undefined>,
  ): Promise<T | undefined> {
    this.#opening += 1;
    try {
      const opened = await this.#open(visitor);
      try {
        checkType(opened);
        const session = await settle(opened);
        if (!session) this.#rows.close(opened.session.id, "tenant_closed", NOTHING);
        return session;
      } catch (error) {
        this.#rows.close(opened.session.id, codeOf(error), NOTHING);
        throw error;
      }
    } finally {
      this.#opening -= 1;
    }
  }

  async #open({ token, nodeUuid, sourceAddress, userAgent }: Visitor): Promise<OpenedSession> {
    const { host: proxyHost, maxSessionsPerNode, maxSessionsPerToken, closeHook } = this.options;
    try {
      return await this.#sessions.open({
        token,
        ...(nodeUuid !== undefined && { nodeUuid }),
        sourceAddress,
        userAgent: userAgent?.slice(0, LONGEST_USER_AGENT) ?? null,
        proxyHost,
        maxSessionsPerNode,
        maxSessionsPerToken,
        closeHook,
      });
    } catch (error) {
      if (mayHaveOpened(error)) this.#rows.doubt();
      throw error;
    }
  }
}

function codeOf(error: unknown): string {
  if (error instanceof ShuttingDown) return "proxy_shutdown";
  return error instanceof ConsoleServiceError ? error.code : "INTERNAL";
}

/** The database fell silent: the row may be there although nobody was told its id. */
function mayHaveOpened(error: unknown): boolean {
  return !(error instanceof ConsoleServiceError) || error.code === "TEMPORARY_FAILURE";
}

/** The console of a node may have become another one since the link was made. */
function checkType({ session, endpoint }: OpenedSession): void {
  checkLinkType(session.consoleType, endpoint.consoleType);
}

/** @throws {ConsoleTypeNotSupported} */
export function checkLinkType(ofLink: string, ofConsole: string): void {
  if (ofLink !== ofConsole)
    throw new ConsoleTypeNotSupported(
      `this link is for a console of type ${ofLink}, the machine has one of type ${ofConsole}`,
    );
}

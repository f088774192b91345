/**
 * The SSH front door of serial consoles, a part of novncproxy: listens, keeps strangers few and short,
 * and hands each connection's session to the serial door. Owns every connection until it is closed.
 */
import { createServer, type Server as NetServer, type Socket, type AddressInfo } from "node:net";
import { readFileSync } from "node:fs";
import { once } from "node:events";
import ssh2, { type Server as SshProtocolServer } from "ssh2";
import { systemClock, type Clock } from "../../common/clock.ts";
import type { Config } from "../../common/config/options.ts";
import { AlreadyInUse, ConfigInvalid, messageOf, StartupError } from "../../common/errors.ts";
import type { Logger } from "../../common/log.ts";
import { networkOf, plainAddress } from "../../common/networks.ts";
import type { Database } from "../../db/database.ts";
import type { SerialDoor } from "../serial/serial-door.ts";
import { ALGORITHMS, SOFTWARE_NAME } from "./algorithms.ts";
import { ApiLogins } from "./login/api-logins.ts";
import { AuthorizedKeysFile } from "./login/authorized-keys-file.ts";
import { FailureLimit } from "./login/failure-limit.ts";
import { GuestList } from "./guest-list.ts";
import { openHostKey } from "./host-key.ts";
import { KeyLogins } from "./login/key-logins.ts";
import { LogBudget } from "./log-budget.ts";
import { SshConnection, type SshConnectionDeps } from "./ssh-connection.ts";
import { isExchangingKeys, socketOf } from "./ssh2-internals.ts";

export interface SshServer {
  readonly port: number;
  /** `SHA256:…` of the host key. */
  readonly fingerprint: string;
  /** No new visitors; those without session leave. */
  stopListening(): void;
  /** Cuts what is left and waits for it. */
  stop(): Promise<void>;
}

export interface SshServerDeps {
  readonly config: Pick<Config, "ssh" | "vnc">;
  readonly log: Logger;
  readonly clock?: Clock;
  readonly database: Pick<Database, "nodes" | "tokens">;
  readonly door: SerialDoor;
  /** Of the api in this process, as soon as it runs. */
  readonly ownApiUrl?: () => string | undefined;
  /** A wrong password is answered no sooner; for tests. */
  readonly failureMilliseconds?: number;
}

const FAILURE_MILLISECONDS = 1000;
const FAILURES_IN_A_MINUTE = 20;
const LOG_LINES = 20;
const SWEEP_MILLISECONDS = 1000;
const KEEPALIVE_MILLISECONDS = 30_000;
/** ssh2 answers and reads without looking whether the other side takes and leaves room; we look. */
const MAX_WAITING_OF_STRANGER = 256 * 1024;
const MAX_WAITING = 8 * 1024 * 1024;
const MAX_UNREAD = 8 * 1024 * 1024;
/** Key exchanges of one connection in a minute. */
const MOST_EXCHANGES = 30;
const MINUTE_MILLISECONDS = 60_000;

interface Visitor {
  readonly source: string;
  readonly socket: Socket;
  /** When he must have a session. */
  readonly deadline: number;
  /** As soon as he spoke SSH. */
  connection: SshConnection | undefined;
  readonly isStranger: boolean;
  /** Since when keys are exchanged; 0 for not. */
  exchangingSince: number;
  exchanges: number;
  exchangesSince: number;
  isExchanging: () => boolean;
}

/** @throws {StartupError} {@link ConfigInvalid} {@link AlreadyInUse} */
export async function startSshServer(deps: SshServerDeps): Promise<SshServer> {
  const door = new FrontDoor(deps);
  await door.listen();
  return door;
}

class FrontDoor implements SshServer {
  readonly fingerprint: string;
  readonly #deps: SshServerDeps;
  readonly #clock: Clock;
  readonly #listener: NetServer;
  readonly #protocol: SshProtocolServer;
  readonly #visitors: GuestList<Visitor>;
  readonly #bySocket = new WeakMap<Socket, Visitor>();
  readonly #api: ApiLogins;
  readonly #connectionDeps: SshConnectionDeps;
  readonly #budget: LogBudget;
  #timer: NodeJS.Timeout | undefined;
  #stopping: Promise<void> | undefined;

  constructor(deps: SshServerDeps) {
    this.#deps = deps;
    const { ssh, vnc } = deps.config;
    this.#clock = deps.clock ?? systemClock;
    const hostKey = openHostKey(ssh.host_key_file);
    this.fingerprint = hostKey.fingerprint;
    const file = new AuthorizedKeysFile(ssh.authorized_keys_file, deps.log);
    this.#budget = new LogBudget(deps.log, this.#clock, LOG_LINES);
    this.#api = new ApiLogins({
      url: apiUrl(ssh.api_url, deps.ownApiUrl),
      ca: ssh.api_cafile === "" ? undefined : readCa(ssh.api_cafile),
      budget: this.#budget,
    });
    this.#connectionDeps = {
      keys: new KeyLogins({ file, database: deps.database, readOnly: vnc.read_only }),
      takesKeys: !file.isEmpty,
      api: this.#api,
      failures: new FailureLimit(this.#clock, FAILURES_IN_A_MINUTE),
      failureMilliseconds: deps.failureMilliseconds ?? FAILURE_MILLISECONDS,
      door: deps.door,
      log: deps.log,
      budget: this.#budget,
    };
    this.#visitors = new GuestList({
      all: ssh.max_connections,
      ofOneSource: ssh.max_connections_per_source,
    });
    this.#protocol = new ssh2.Server({
      hostKeys: [hostKey.privateKey],
      algorithms: ALGORITHMS,
      ident: SOFTWARE_NAME,
      keepaliveInterval: KEEPALIVE_MILLISECONDS,
      keepaliveCountMax: 3,
    });
    this.#protocol.on("connection", (client, { header }) => {
      const visitor = this.#bySocket.get(socketOf(client));
      if (visitor) this.#onSpeaks(visitor, client, header.versions.software);
      else client.end();
    });
    this.#listener = createServer({ noDelay: true }, (socket) => this.#onVisit(socket));
    if (file.isEmpty && !this.#api.available && !deps.ownApiUrl)
      deps.log.warn("nobody can log in by ssh: set [ssh]authorized_keys_file or [ssh]api_url");
  }

  get port(): number {
    return (this.#listener.address() as AddressInfo | null)?.port ?? 0;
  }

  async listen(): Promise<void> {
    const { host_ip: host, port } = this.#deps.config.ssh;
    try {
      this.#listener.listen({ host, port });
      await once(this.#listener, "listening");
    } catch (cause) {
      await this.#api.stop();
      throw listenError(cause, host, port);
    }
    this.#listener.on("error", (error) =>
      this.#deps.log.error("ssh cannot take a connection", { error: messageOf(error) }),
    );
    this.#timer = setInterval(() => this.#sweep(), SWEEP_MILLISECONDS);
    this.#deps.log.info("ssh listens", {
      host,
      port: this.port,
      hostKey: this.fingerprint,
    });
  }

  stopListening(): void {
    this.#stopping ??= new Promise((resolve) => this.#listener.close(() => resolve()));
    for (const { connection, socket } of this.#visitors)
      if (!connection) socket.destroy();
      else if (!connection.hasSession) connection.end();
  }

  async stop(): Promise<void> {
    this.stopListening();
    clearInterval(this.#timer);
    await Promise.all(
      [...this.#visitors].map(async ({ socket }) => {
        const closed = once(socket, "close");
        socket.destroy();
        await closed;
      }),
    );
    await this.#api.stop();
    await this.#stopping;
  }

  #onVisit(socket: Socket): void {
    const address = plainAddress(socket.remoteAddress);
    const visitor: Visitor = {
      source: networkOf(address),
      socket,
      deadline: this.#clock.now() + this.#deps.config.ssh.login_timeout * 1000,
      connection: undefined,
      get isStranger(): boolean {
        return this.connection?.isStranger ?? true;
      },
      exchangingSince: 0,
      exchanges: 0,
      exchangesSince: 0,
      isExchanging: () => false,
    };
    const { admitted, instead } = this.#visitors.admit(visitor);
    instead?.socket.destroy();
    if (!admitted || this.#stopping) {
      this.#visitors.delete(visitor);
      this.#budget.info("ssh connection refused, there are too many", { source: address });
      socket.destroy();
      return;
    }
    this.#bySocket.set(socket, visitor);
    socket.on("error", () => {});
    socket.once("close", () => this.#visitors.delete(visitor));
    socket.on("data", () => this.#checkRoom(visitor));
    this.#protocol.injectSocket(socket);
  }

  #onSpeaks(
    visitor: Visitor,
    client: Parameters<typeof isExchangingKeys>[0],
    software: string,
  ): void {
    const sourceAddress = plainAddress(visitor.socket.remoteAddress);
    visitor.connection = new SshConnection(this.#connectionDeps, {
      client,
      socket: visitor.socket,
      sourceAddress,
      sourceNetwork: visitor.source,
      software,
    });
    visitor.isExchanging = () => isExchangingKeys(client);
    client.on("handshake", () => this.#onExchange(visitor));
  }

  /** Key exchanges cost us more than the client; nobody needs a second one before the login. */
  #onExchange(visitor: Visitor): void {
    const now = this.#clock.now();
    if (now - visitor.exchangesSince > MINUTE_MILLISECONDS) {
      visitor.exchangesSince = now;
      visitor.exchanges = 0;
    }
    visitor.exchanges += 1;
    const most = visitor.isStranger ? 1 : MOST_EXCHANGES;
    if (visitor.exchanges > most) visitor.socket.destroy();
  }

  #checkRoom({ socket, connection, isStranger }: Visitor): void {
    const most = isStranger ? MAX_WAITING_OF_STRANGER : MAX_WAITING;
    if (socket.writableLength > most || (connection?.unreadBytes ?? 0) > MAX_UNREAD)
      socket.destroy();
  }

  #sweep(): void {
    const now = this.#clock.now();
    const patience = this.#deps.config.ssh.login_timeout * 1000;
    this.#budget.tick();
    for (const visitor of this.#visitors) {
      if (!visitor.isExchanging()) visitor.exchangingSince = 0;
      else if (visitor.exchangingSince === 0) visitor.exchangingSince = now;
      else if (now - visitor.exchangingSince > patience) visitor.socket.destroy();
      if (now >= visitor.deadline && visitor.connection?.hasSession !== true)
        visitor.socket.destroy();
    }
  }
}

function apiUrl(
  given: string,
  own: (() => string | undefined) | undefined,
): () => string | undefined {
  if (given === "") return own ?? (() => undefined);
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "")
    throw new ConfigInvalid(["[ssh]api_url: is no http:// or https:// address without user name"]);
  return () => url.origin + url.pathname;
}

/** @throws {ConfigInvalid} */
function readCa(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new ConfigInvalid([`[ssh]api_cafile cannot be read: ${messageOf(cause)}`]);
  }
}

function listenError(cause: unknown, host: string, port: number): StartupError {
  const where = `${host} port ${port}`;
  if ((cause as { code?: string }).code === "EADDRINUSE")
    return new AlreadyInUse(`[ssh]: another program listens on ${where} already`);
  return new StartupError(`[ssh]: cannot listen on ${where}: ${messageOf(cause)}`, { cause });
}

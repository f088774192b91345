/**
 * One SSH connection: a login, then one channel with one session. Everything else that SSH knows
 * (forwarding, subsystems, environment, X11, agents) is refused. Owns the socket until a session has it.
 */
import type { Socket } from "node:net";
import type { Connection, ServerChannel, Session } from "ssh2";
import { messageOf, TenantProtocolError, tenantSentence } from "../../common/errors.ts";
import { exitStatusOf } from "../../common/exit-status.ts";
import type { Logger } from "../../common/log.ts";
import { printable } from "../../common/printable.ts";
import type { SerialDoor } from "../serial/serial-door.ts";
import { COMMANDS_HELP, CommandFront, parseCommand } from "./front/command-front.ts";
import type { Front, FrontHost } from "./front/front.ts";
import type { Login } from "./login/login.ts";
import type { LoginName } from "./login/login-name.ts";
import { PipeFront } from "./front/pipe-front.ts";
import type { LogBudget } from "./log-budget.ts";
import { SshAuthentication, type AuthenticationDeps } from "./ssh-authentication.ts";
import { onBreakRequest } from "./ssh2-internals.ts";
import { SshOutput } from "./ssh-output.ts";
import { SshTenant } from "./ssh-tenant.ts";
import { TerminalFront } from "./front/terminal-front.ts";

export interface SshConnectionDeps extends AuthenticationDeps {
  readonly door: SerialDoor;
  readonly log: Logger;
  /** For lines that strangers can cause. */
  readonly budget: LogBudget;
}

export interface SshConnectionPeer {
  readonly client: Connection;
  readonly socket: Socket;
  readonly sourceAddress: string;
  /** The address, or its network. */
  readonly sourceNetwork: string;
  /** What the client calls itself. */
  readonly software: string;
}

const USAGE_STATUS = 2;
const MOST_REFUSED_CHANNELS = 16;
const LONGEST_SOFTWARE = 100;
/** A refused client may read its words so long. */
const GOODBYE_MILLISECONDS = 1500;

export class SshConnection {
  readonly #deps: SshConnectionDeps;
  readonly #peer: SshConnectionPeer;
  #login: Login | undefined;
  #name: LoginName | undefined;
  #session: Session | undefined;
  #channel: ServerChannel | undefined;
  #tenant: SshTenant | undefined;
  #wantsTerminal = false;
  #refusedChannels = 0;
  #goodbye: NodeJS.Timeout | undefined;

  constructor(deps: SshConnectionDeps, peer: SshConnectionPeer) {
    this.#deps = deps;
    this.#peer = peer;
    const { client, socket } = peer;
    client.on("error", (error) => this.#onError(error));
    client.on("session", (accept, reject) => this.#onSession(accept, reject));
    socket.once("close", () => clearTimeout(this.#goodbye));
    onBreakRequest(client, () => this.#tenant?.onBreak());
    const authentication = new SshAuthentication(deps, peer.sourceNetwork, {
      onLogin: (login, name) => this.#onLogin(login, name),
      onRefused: (method, user, why) => this.#onRefused(method, user, why),
      onTooManyTries: () => this.end(),
    });
    authentication.listen(client);
  }

  /** Nobody knows yet who it is. */
  get isStranger(): boolean {
    return this.#login === undefined;
  }

  /** A session carries it on; its limits count from now on. */
  get hasSession(): boolean {
    return this.#tenant !== undefined;
  }

  /** Bytes that the client sent and nobody took. */
  get unreadBytes(): number {
    return this.#channel?.readableLength ?? 0;
  }

  /** Says goodbye to a client without session. */
  end(): void {
    this.#peer.client.end();
    this.#goodbye ??= setTimeout(() => this.#peer.socket.destroy(), GOODBYE_MILLISECONDS);
  }

  /* ---- login ------------------------------------------------------------------------------- */

  #onLogin(login: Login, name: LoginName | undefined): void {
    this.#login = login;
    this.#name = name;
    this.#deps.log.info("ssh login", {
      user: login.user,
      method: login.method,
      fingerprint: login.fingerprint ?? undefined,
      source: this.#peer.sourceAddress,
      node: name?.node,
    });
  }

  #onRefused(method: string, user: string | null, why: string): void {
    this.#deps.budget.info("ssh login refused", {
      method,
      user: user === null ? undefined : printable(user),
      why,
      source: this.#peer.sourceAddress,
    });
  }

  /* ---- the one channel --------------------------------------------------------------------- */

  #onSession(accept: () => Session, reject: () => void): void {
    if (this.#session) {
      reject();
      this.#refusedChannels += 1;
      if (this.#refusedChannels > MOST_REFUSED_CHANNELS) this.#peer.socket.destroy();
      return;
    }
    const session = accept();
    this.#session = session;
    session.on("pty", (allow) => {
      this.#wantsTerminal = true;
      /* absent when the client wants no answer */
      (allow as (() => void) | undefined)?.();
    });
    session.on("shell", (allow) =>
      this.#begin(allow(), (host) =>
        this.#wantsTerminal ? new TerminalFront(host) : new PipeFront(host),
      ),
    );
    session.on("exec", (allow, _reject, { command }) => {
      const wanted = parseCommand(command);
      const channel = allow();
      if (wanted) this.#begin(channel, (host) => new CommandFront(host, wanted));
      else this.#refuse(channel, COMMANDS_HELP, USAGE_STATUS);
    });
  }

  #begin(channel: ServerChannel, makeFront: (host: FrontHost) => Front): void {
    this.#channel = channel;
    channel.on("error", () => {});
    this.#open(channel, makeFront).catch((error: unknown) => {
      this.#deps.log.info("ssh session refused", {
        user: this.#login?.user,
        source: this.#peer.sourceAddress,
        node: this.#name?.node,
        error: messageOf(error),
      });
      this.#tenant = undefined;
      this.#refuse(channel, tenantSentence(error), exitStatusOf(error));
    });
  }

  async #open(channel: ServerChannel, makeFront: (host: FrontHost) => Front): Promise<void> {
    const { client, socket, sourceAddress, software } = this.#peer;
    const login = this.#login;
    if (!login) throw new TenantProtocolError("a session before the login");
    const { token, nodeUuid } = await login.grant();
    const request = {
      token,
      nodeUuid,
      sourceAddress,
      userAgent: `ssh ${printable(software, LONGEST_SOFTWARE)}`,
      via: "ssh",
    } as const;
    await this.#deps.door.open(request, (listener) => {
      this.#tenant = new SshTenant({ client, socket, channel }, listener, makeFront);
      return this.#tenant;
    });
    this.#tenant?.start();
  }

  #refuse(channel: ServerChannel, words: string, exitStatus: number): void {
    if (this.#peer.socket.destroyed) return;
    const output = new SshOutput({ ...this.#peer, channel });
    if (this.#wantsTerminal) output.remark(printable(words));
    else output.aside(printable(words));
    output.end(exitStatus);
    channel.on("close", () => this.end());
    channel.resume();
    this.#goodbye ??= setTimeout(() => this.#peer.socket.destroy(), GOODBYE_MILLISECONDS);
  }

  /* ---- what goes wrong --------------------------------------------------------------------- */

  #onError(error: Error & { readonly level?: string }): void {
    const reset = error.level === "socket" || error.level === "client-timeout";
    if (this.#tenant) {
      if (reset) this.#tenant.onGone(false);
      else this.#tenant.onError(new TenantProtocolError(`ssh: ${printable(error.message)}`));
      return;
    }
    /* whoever was told goodbye may leave as he likes */
    if (this.#goodbye) return;
    this.#deps.budget.info("ssh connection failed", {
      source: this.#peer.sourceAddress,
      error: printable(error.message),
    });
    /* ssh2 says goodbye by itself, and a reset might outrun its words */
    this.#goodbye = setTimeout(() => this.#peer.socket.destroy(), GOODBYE_MILLISECONDS);
  }
}

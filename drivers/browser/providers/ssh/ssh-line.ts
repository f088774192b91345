/**
 * One SSH connection to an auxiliary host and its channels: commands, TCP and Unix sockets there, and a
 * Unix socket there whose connections come to us. When it is lost, all of them end.
 */
import type { Duplex } from "node:stream";
import type { Client, ClientChannel } from "ssh2";
import { printable } from "../../../../common/printable.ts";
import { BmcTimeout, BmcUnreachable, ConsoleError } from "../../../base.ts";
import { withDeadline } from "../../../lib/deadline.ts";
import type { Destination } from "../provider.ts";
import { addressOf } from "./host-list.ts";

/** What a command may say; more of it ends the command. */
const MAX_OUTPUT_BYTES = 256 * 1024;

export interface CommandResult {
  /** Null when a signal ended it. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** FACT(RFC 4254 section 5.1): the reasons of a refused channel. */
const PROHIBITED = 1;
const CONNECT_FAILED = 2;

export class ChannelRefused extends ConsoleError {
  readonly reason: number;
  constructor(message: string, reason: number, options?: { cause?: unknown }) {
    super(message, options);
    this.reason = reason;
  }
}

export class SshLine {
  /** Sessions that use it. */
  sessions = 0;
  /** Sessions that it can carry; lowered when the host refuses one more. */
  limit: number;
  readonly #client: Client;
  readonly #hostName: string;
  readonly #listening = new Map<string, (stream: Duplex) => void>();
  #open = true;
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;

  constructor(client: Client, hostName: string, limit: number) {
    this.#client = client;
    this.#hostName = hostName;
    this.limit = limit;
    this.closed = new Promise((resolve) => {
      client.once("close", () => {
        this.#open = false;
        resolve();
      });
    });
    client.on("unix connection", ({ socketPath }, accept) => {
      const take = this.#listening.get(socketPath);
      const stream = take && accept();
      if (!take || !stream) return;
      stream.on("error", () => {});
      take(stream);
    });
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** @throws {ChannelRefused} when the host has no session free for this connection (MaxSessions) */
  async exec(command: string, signal: AbortSignal): Promise<ClientChannel> {
    return await this.#channel<ClientChannel>("command", signal, (done) =>
      this.#client.exec(command, done),
    );
  }

  /**
   * Runs a command to its end.
   * @param input for its stdin
   * @throws {ConsoleError} when it takes longer or says more than it may
   */
  async run(
    command: string,
    input: string,
    { limitMs, signal }: { limitMs: number; signal: AbortSignal },
  ): Promise<CommandResult> {
    const onTimeout = (): Error =>
      new ConsoleError(`a command on ${this.#hostName} takes longer than ${limitMs / 1000} s`);
    return await withDeadline({ signal, limitMs, onTimeout }, async (inner) => {
      const channel = await this.exec(command, inner);
      return await collect(channel, input, inner, this.#hostName);
    });
  }

  /** A TCP connection from the host. @throws {BmcUnreachable} {@link BmcTimeout} {@link ConsoleError} */
  async dialTcp(
    { host, port }: Destination,
    signal: AbortSignal,
    limitMs: number,
  ): Promise<Duplex> {
    const peer = addressOf(host, port);
    const onTimeout = (): Error => new BmcTimeout(`${peer} does not answer ${this.#hostName}`);
    return await withDeadline({ signal, limitMs, onTimeout }, async (inner) => {
      try {
        return await this.#channel<Duplex>(`connection to ${peer}`, inner, (done) =>
          this.#client.forwardOut("127.0.0.1", 0, host, port, done),
        );
      } catch (error) {
        throw dialError(error, peer, this.#hostName);
      }
    });
  }

  /**
   * A connection to a Unix socket there.
   * FACT(OpenSSH 9.2, tried): any "PermitOpen HOST:PORT" forbids that too.
   * @throws {ChannelRefused}
   */
  async dialUnix(path: string, signal: AbortSignal): Promise<Duplex> {
    return await this.#channel<Duplex>("connection to a Unix socket", signal, (done) =>
      this.#client.openssh_forwardOutStreamLocal(path, done),
    );
  }

  /**
   * Listens on a Unix socket there.
   * FACT(OpenSSH 9.2, tried): "AllowTcpForwarding local" forbids that too, "PermitListen none" does not.
   * @throws {ConsoleError} when sshd does not permit it
   */
  async listenUnix(path: string, take: (stream: Duplex) => void): Promise<void> {
    this.#listening.set(path, take);
    await new Promise<void>((resolve, reject) => {
      this.#whileOpen(reject, (settled) =>
        this.#client.openssh_forwardInStreamLocal(path, (error) => {
          settled();
          if (!error) resolve();
          else
            reject(
              new ConsoleError(
                `sshd on ${this.#hostName} does not let us listen on a Unix socket in the session's folder: it needs "AllowStreamLocalForwarding yes" and "AllowTcpForwarding yes" (with "PermitListen none" if you like) for this user`,
                { cause: error },
              ),
            );
        }),
      );
    });
  }

  /** @param wasListened the host is asked to close it */
  unlistenUnix(path: string): void {
    if (!this.#listening.delete(path) || !this.#open) return;
    try {
      this.#client.openssh_unforwardInStreamLocal(path, () => {});
    } catch {
      /* the connection is about to close */
    }
  }

  /** For files. The caller ends it. */
  async sftp(signal: AbortSignal): Promise<import("ssh2").SFTPWrapper> {
    return await this.#channel("file transfer", signal, (done) => this.#client.sftp(done));
  }

  close(): void {
    this.#client.end();
    this.#client.destroy();
  }

  async #channel<T extends { end(): void }>(
    what: string,
    signal: AbortSignal,
    open: (done: (error: Error | undefined, channel: T) => void) => void,
  ): Promise<T> {
    return await new Promise<T>((resolve, reject) => {
      this.#whileOpen(reject, (settled) => {
        let over = false;
        const abort = (): void => {
          over = true;
          settled();
          reject(new Error("aborted"));
        };
        signal.addEventListener("abort", abort, { once: true });
        open((error, channel) => {
          signal.removeEventListener("abort", abort);
          settled();
          if (error) reject(this.#refused(error, what));
          else if (over) discard(channel);
          else {
            if ("on" in channel) (channel as unknown as Duplex).on("error", () => {});
            resolve(channel);
          }
        });
      });
    });
  }

  /** ssh2 forgets the callbacks of a connection that ends, and throws on one that has ended. */
  #whileOpen(reject: (error: Error) => void, act: (settled: () => void) => void): void {
    const lost = (): void => reject(this.#lost());
    if (!this.#open) {
      lost();
      return;
    }
    this.#client.once("close", lost);
    try {
      act(() => this.#client.off("close", lost));
    } catch {
      this.#client.off("close", lost);
      lost();
    }
  }

  #lost(): ConsoleError {
    return new ConsoleError(`the SSH connection to ${this.#hostName} is lost`);
  }

  #refused(error: Error, what: string): ChannelRefused {
    const { reason } = error as { reason?: unknown };
    const words = printable(error.message.replace("(SSH) ", ""));
    return new ChannelRefused(
      `${this.#hostName} refuses a ${what}: ${words}`,
      typeof reason === "number" ? reason : 0,
      { cause: error },
    );
  }
}

function discard(channel: { end(): void }): void {
  channel.end();
  if ("destroy" in channel) (channel as unknown as Duplex).destroy();
}

/** FACT(OpenSSH 9.2, channels.c): the description is strerror's for a connect that failed. */
function dialError(error: unknown, peer: string, hostName: string): unknown {
  if (!(error instanceof ChannelRefused)) return error;
  if (error.reason === CONNECT_FAILED) {
    const words = printable((error.cause as Error).message.replace(/^.*?:\s*/, ""));
    if (/timed out/i.test(words))
      return new BmcTimeout(`${peer} does not answer ${hostName}`, { cause: error });
    return new BmcUnreachable(`cannot reach ${peer} from ${hostName}: ${words}`, { cause: error });
  }
  if (error.reason === PROHIBITED)
    return new ConsoleError(
      `sshd on ${hostName} does not let us connect to ${peer}: see AllowTcpForwarding, PermitOpen and permitopen= there`,
      { cause: error },
    );
  return new BmcUnreachable(error.message, { cause: error });
}

async function collect(
  channel: ClientChannel,
  input: string,
  signal: AbortSignal,
  hostName: string,
): Promise<CommandResult> {
  return await new Promise<CommandResult>((resolve, reject) => {
    const texts = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
    let size = 0;
    const stop = (error: Error): void => {
      discard(channel);
      reject(error);
    };
    const abort = (): void => stop(new Error("aborted"));
    const taker = (chunks: Buffer[]) => (chunk: Buffer) => {
      size += chunk.length;
      if (size <= MAX_OUTPUT_BYTES) chunks.push(chunk);
      else stop(new ConsoleError(`${hostName} answers more than ${MAX_OUTPUT_BYTES} bytes`));
    };
    signal.addEventListener("abort", abort, { once: true });
    let status: number | null | undefined;
    channel.on("data", taker(texts.stdout)).on("exit", (code: number | null) => (status = code));
    channel.stderr.on("data", taker(texts.stderr));
    channel.once("close", () => {
      signal.removeEventListener("abort", abort);
      if (status === undefined)
        reject(new ConsoleError(`the SSH connection to ${hostName} is lost`));
      else
        resolve({
          status,
          stdout: Buffer.concat(texts.stdout).toString("utf8"),
          stderr: Buffer.concat(texts.stderr).toString("utf8"),
        });
    });
    channel.end(input);
  });
}

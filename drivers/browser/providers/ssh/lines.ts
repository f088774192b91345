/**
 * The SSH connections to one auxiliary host. Sessions share them, because sshd allows a connection only so
 * many commands at once; one more connection is made when all are full.
 *
 * FACT(sshd_config(5)): MaxSessions, 10 by default, counts commands and file transfers of a connection, not
 * what is forwarded.
 */
import { ConsoleError } from "../../../base.ts";
import { connect, type ConnectOptions } from "./connect.ts";
import { ChannelRefused, SshLine, type CommandResult } from "./ssh-line.ts";

/** Leaves room for commands and transfers beside the sessions' own. */
const SESSIONS_PER_LINE = 6;
const COMMANDS_AT_ONCE = 3;

export class Lines {
  readonly #options: () => ConnectOptions;
  readonly #onLost: () => void;
  readonly #lines = new Set<SshLine>();
  readonly #waiting: (() => void)[] = [];
  #commands = 0;
  #closed = false;

  /** @param onLost called when the last connection is gone without our doing */
  constructor(options: () => ConnectOptions, onLost: () => void) {
    this.#options = options;
    this.#onLost = onLost;
  }

  get isOpen(): boolean {
    return this.#lines.size > 0;
  }

  first(): SshLine | undefined {
    return [...this.#lines][0];
  }

  /** @throws {ConsoleError} */
  async open(signal: AbortSignal): Promise<SshLine> {
    const options = this.#options();
    const client = await connect(options, signal);
    const line = new SshLine(client, options.host.name, SESSIONS_PER_LINE);
    if (this.#closed) {
      line.close();
      throw new ConsoleError(`the connections to ${options.host.name} are being closed`);
    }
    this.#lines.add(line);
    void this.#forgetWhenClosed(line);
    return line;
  }

  /**
   * Gives `start` a connection with room for one session more. The session is counted until `ended`.
   * @throws {ConsoleError} when the host allows not even one
   */
  async forSession<T extends { readonly ended: Promise<unknown> }>(
    signal: AbortSignal,
    start: (line: SshLine) => Promise<T>,
  ): Promise<T> {
    for (;;) {
      const line = [...this.#lines].find((one) => one.sessions < one.limit);
      const taken = line ?? (await this.open(signal));
      taken.sessions += 1;
      try {
        const session = await start(taken);
        void session.ended.then(() => (taken.sessions -= 1));
        return session;
      } catch (error) {
        taken.sessions -= 1;
        if (!(error instanceof ChannelRefused)) throw error;
        if (taken.sessions === 0)
          throw new ConsoleError(`${error.message}; see MaxSessions in its sshd_config`, {
            cause: error,
          });
        taken.limit = taken.sessions;
      }
    }
  }

  /** Runs a command over the connection with the fewest sessions. @throws {ConsoleError} */
  async run(
    command: string,
    input: string,
    limits: { limitMs: number; signal: AbortSignal },
  ): Promise<CommandResult> {
    await this.#turn();
    try {
      const [line] = [...this.#lines].toSorted((a, b) => a.sessions - b.sessions);
      try {
        return await (line ?? (await this.open(limits.signal))).run(command, input, limits);
      } catch (error) {
        if (!(error instanceof ChannelRefused) || line === undefined) throw error;
        line.limit = Math.max(1, Math.min(line.limit, line.sessions - 1));
        return await (await this.open(limits.signal)).run(command, input, limits);
      }
    } finally {
      this.#commands -= 1;
      this.#waiting.shift()?.();
    }
  }

  async #forgetWhenClosed(line: SshLine): Promise<void> {
    await line.closed;
    this.#lines.delete(line);
    if (this.#lines.size === 0 && !this.#closed) this.#onLost();
  }

  close(): void {
    this.#closed = true;
    for (const line of this.#lines) line.close();
  }

  async #turn(): Promise<void> {
    while (this.#commands >= COMMANDS_AT_ONCE)
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#commands += 1;
  }
}

/**
 * One session on an auxiliary host: a command whose standard input and output are the DevTools pipe, and
 * two Unix sockets in its folder, reached through the same SSH connection.
 */
import type { Duplex } from "node:stream";
import type { ClientChannel } from "ssh2";
import { ConsoleError, ConsoleSubprocessFailed, type Logger } from "../../../base.ts";
import { abortError } from "../../../lib/deadline.ts";
import { JNLP_FILE } from "../../sandbox/session-script.ts";
import type { SessionEnd, SessionProcess } from "../provider.ts";
import { SessionErrors } from "../session-errors.ts";
import type { SshLine } from "./ssh-line.ts";
import { uploadText } from "./upload.ts";

const END_LIMIT_MS = 10_000;
const CLOSE_LIMIT_MS = 2000;
const RFB_LIMIT_MS = 10_000;

/** What a session needs of its host. */
export interface SessionHost {
  readonly name: string;
  /** Runs a verb of the host's script. */
  command(verb: string, args: readonly string[], signal: AbortSignal): Promise<string>;
}

export interface AuxSessionParts {
  readonly host: SessionHost;
  readonly line: SshLine;
  readonly channel: ClientChannel;
  /** Account and folder. */
  readonly name: string;
  /** Absolute, there. */
  readonly folder: string;
  readonly log: Logger;
}

export class AuxSession implements SessionProcess {
  readonly cdp: Duplex;
  filePaths: ReadonlyMap<string, string> = new Map();
  readonly ended: Promise<SessionEnd>;
  /** Resolves when the VNC server answers. */
  readonly #ready: Promise<void>;
  readonly #parts: AuxSessionParts;
  readonly #errors: SessionErrors;
  readonly #life = new AbortController();
  #cleaned: Promise<void> | undefined;
  #status: number | undefined;

  constructor(parts: AuxSessionParts) {
    this.#parts = parts;
    const { channel, line } = parts;
    this.cdp = channel;
    let markReady = (): void => {};
    this.#ready = new Promise((resolve) => {
      markReady = resolve;
    });
    this.#errors = new SessionErrors(channel.stderr, parts.log, () => markReady());
    let late: NodeJS.Timeout | undefined;
    channel.on("exit", (status: unknown) => {
      if (typeof status === "number") this.#status = status;
      // sshd waits for whoever still holds the command's output, as what a killed keeper leaves does.
      late = setTimeout(() => channel.destroy(), CLOSE_LIMIT_MS);
    });
    this.ended = new Promise((resolve) => {
      channel.once("close", () => {
        clearTimeout(late);
        this.#life.abort();
        resolve({ reason: this.#endReason(line.isOpen) });
      });
    });
  }

  /**
   * Waits until its VNC server answers.
   * @throws {ConsoleSubprocessFailed} with its last words, when it ends before
   */
  async untilReady(signal: AbortSignal): Promise<void> {
    const abort = new Promise<"aborted">((resolve) => {
      signal.addEventListener("abort", () => resolve("aborted"), { once: true });
    });
    const first = await Promise.race([this.#ready, this.ended, abort]);
    if (signal.aborted) throw abortError(signal);
    if (typeof first === "object") throw this.failure(first.reason);
    const { host, name } = this.#parts;
    await host.command("open", [name], signal);
  }

  failure(reason: string): ConsoleSubprocessFailed {
    const { tail } = this.#errors;
    const words = tail === "" ? "" : `: ${tail}`;
    return new ConsoleSubprocessFailed(
      `the browser session on ${this.#parts.host.name} ended (${reason})${words}`,
    );
  }

  async dialRfb(): Promise<Duplex> {
    const { line, folder, host } = this.#parts;
    const signal = AbortSignal.any([this.#life.signal, AbortSignal.timeout(RFB_LIMIT_MS)]);
    try {
      return await line.dialUnix(`${folder}/rfb.sock`, signal);
    } catch (cause) {
      const why = cause instanceof ConsoleError ? `: ${cause.message}` : "";
      throw new ConsoleError(
        `cannot reach the VNC server of a session on ${host.name}${why}; sshd there needs "AllowStreamLocalForwarding yes" and no PermitOpen`,
        { cause },
      );
    }
  }

  async runJnlp(jnlp: string): Promise<void> {
    const { line, folder, host, log } = this.#parts;
    const upload = { line, hostName: host.name, log, signal: this.#life.signal };
    await uploadText(jnlp, `${folder}/${JNLP_FILE}`, upload);
  }

  async memoryBytes(): Promise<number | null> {
    const { host, name } = this.#parts;
    try {
      const kibibytes = Number.parseInt(
        await host.command("memory", [name], this.#life.signal),
        10,
      );
      return Number.isSafeInteger(kibibytes) ? kibibytes * 1024 : null;
    } catch {
      return null;
    }
  }

  async end(): Promise<void> {
    this.#cleaned ??= this.#end();
    await this.#cleaned;
  }

  /** The keeper cleans up when its input ends; where that does not come about, we do. */
  async #end(): Promise<void> {
    const { channel, line, host, name, log } = this.#parts;
    channel.end();
    channel.resume();
    const late = new Promise<"late">((resolve) => {
      const timer = setTimeout(() => resolve("late"), END_LIMIT_MS);
      void this.ended.then(() => clearTimeout(timer));
    });
    await Promise.race([this.ended, late]);
    if (this.#status === undefined && line.isOpen)
      await host
        .command("remove", [name], AbortSignal.timeout(END_LIMIT_MS))
        .catch((error: unknown) =>
          log.warn("a session could not be removed from an auxiliary host", {
            host: host.name,
            error,
          }),
        );
    channel.destroy();
  }

  #endReason(lineIsOpen: boolean): string {
    if (this.#cleaned) return "it was ended";
    if (this.#errors.endReason !== undefined) return this.#errors.endReason;
    if (this.#status !== undefined) return `exit status ${this.#status}`;
    return lineIsOpen ? "ended by a signal" : "connection lost";
  }
}

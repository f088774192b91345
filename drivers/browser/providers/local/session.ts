/**
 * One session on this machine: bubblewrap and what runs in it, the socket that leads out of it, its folder
 * and its user. Whatever ends it, all four are gone when `ended` resolves.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { availableParallelism } from "node:os";
import type { Duplex, Readable } from "node:stream";
import { ConsoleError, ConsoleSubprocessFailed, type Logger } from "../../../base.ts";
import { throwIfAborted, withDeadline } from "../../../lib/deadline.ts";
import { MEDIA } from "../../sandbox/bubblewrap.ts";
import type { SessionEnd, SessionProcess, SessionRequest } from "../provider.ts";
import { SessionErrors } from "../session-errors.ts";
import { EgressListener } from "./egress-listener.ts";
import { memoryOf, watchMemory } from "./memory.ts";
import { RfbSocket } from "./rfb-socket.ts";
import { SandboxProcesses } from "./sandbox-processes.ts";
import { sessionCommand } from "./session-command.ts";
import { SessionFolder } from "./session-folder.ts";
import type { ThrowAwayUsers } from "./users.ts";

/** Xvnc takes a fifth of a second on an idle machine. */
const READY_LIMIT_MS = 20_000;

export interface LocalSessionParts {
  readonly log: Logger;
  /** Where session folders are. */
  readonly folder: string;
  /** Null when the conductor does not run as root. */
  readonly users: ThrowAwayUsers | null;
  readonly maxSessions: number;
  readonly memoryBytes: number;
  readonly cpus: number;
  /** Counts up from session to session. */
  readonly turn: number;
}

export class LocalSession implements SessionProcess {
  readonly filePaths: ReadonlyMap<string, string>;
  readonly ended: Promise<SessionEnd>;
  readonly #parts: LocalSessionParts;
  readonly #request: SessionRequest;
  readonly #folder: SessionFolder;
  readonly #user: number | null;
  readonly #isReady: Promise<void>;
  #onReady!: () => void;
  #onNeverReady!: (error: Error) => void;
  #onEnded!: (end: SessionEnd) => void;
  #egress: EgressListener | undefined;
  #child: ChildProcess | undefined;
  #processes: SandboxProcesses | undefined;
  #errors: SessionErrors | undefined;
  #rfb: RfbSocket | undefined;
  #stopWatch: (() => void) | undefined;
  #reason: string | undefined;

  /** @throws {ConsoleSubprocessFailed} {@link ConsoleError}; then nothing is left */
  static async start(
    parts: LocalSessionParts,
    request: SessionRequest,
    signal: AbortSignal,
  ): Promise<LocalSession> {
    throwIfAborted(signal);
    const session = new LocalSession(parts, request);
    try {
      const onTimeout = (): Error =>
        new ConsoleSubprocessFailed(
          `the browser's display was not ready within ${READY_LIMIT_MS / 1000} s`,
        );
      await withDeadline({ signal, limitMs: READY_LIMIT_MS, onTimeout }, async (inner) => {
        const aborted = new Promise<never>((_resolve, reject) => {
          inner.addEventListener("abort", () => reject(new ConsoleError("aborted")), {
            once: true,
          });
        });
        await Promise.race([session.#launch(), aborted]);
      });
      return session;
    } catch (error) {
      await session.end();
      throw error;
    }
  }

  private constructor(parts: LocalSessionParts, request: SessionRequest) {
    this.#parts = parts;
    this.#request = request;
    this.#folder = new SessionFolder(parts.folder, request.id);
    this.#user = parts.users?.take() ?? null;
    this.filePaths = new Map(request.files.map(({ name }) => [name, `${MEDIA}/${name}`]));
    this.ended = new Promise((resolve) => (this.#onEnded = resolve));
    this.#isReady = new Promise((resolve, reject) => {
      this.#onReady = resolve;
      this.#onNeverReady = reject;
    });
    this.#isReady.catch(() => undefined); // nobody waits any more when the start was aborted
  }

  get cdp(): Duplex {
    return this.#child?.stdio[3] as Duplex;
  }

  async dialRfb(): Promise<Duplex> {
    if (!this.#rfb) throw new ConsoleError("the session has ended");
    return await this.#rfb.dial();
  }

  async runJnlp(jnlp: string): Promise<void> {
    if (!this.#request.java) throw new ConsoleError("this session was started without Java");
    this.#folder.writeJnlp(jnlp);
    await Promise.resolve();
  }

  async memoryBytes(): Promise<number | null> {
    const pid = this.#child?.pid;
    return pid === undefined ? null : await memoryOf(pid);
  }

  async end(): Promise<void> {
    await this.#end("ended");
  }

  async #launch(): Promise<void> {
    const folder = this.#folder;
    folder.create(this.#request);
    const egress = await EgressListener.open(folder.path, this.#request.egress);
    if (this.#reason !== undefined) {
      await egress.close(); // ended meanwhile
      return;
    }
    this.#egress = egress;
    this.#spawn();
    await this.#isReady;
    // Said before the script begins, but by another pipe.
    await this.#processes?.informed;
    const inner = this.#processes?.inner;
    if (!inner) throw new ConsoleSubprocessFailed("bubblewrap did not say what it started");
    const rfb = await RfbSocket.pin(inner.pid);
    if (this.#reason !== undefined) await rfb.close();
    else this.#rfb = rfb;
  }

  #spawn(): void {
    const [program = "", ...args] = sessionCommand({
      request: this.#request,
      folder: this.#folder,
      user: this.#user,
      maxSessions: this.#parts.maxSessions,
      cpus: Math.min(this.#parts.cpus, availableParallelism()),
      turn: this.#parts.turn,
    });
    const child = spawn(program, args, {
      cwd: "/",
      env: { PATH: "/usr/bin:/bin" },
      // Ctrl+C on a terminal ends the conductor, which then logs out of BMCs with these browsers.
      detached: true,
      stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"],
    });
    this.#child = child;
    (child.stdio[3] as Duplex).on("error", () => undefined);
    this.#errors = new SessionErrors(child.stderr as Readable, this.#parts.log, () =>
      this.#onReady(),
    );
    this.#processes = new SandboxProcesses(child, (processes) => {
      this.#folder.writeNote({ ...processes, user: this.#user });
    });
    child.once("error", (error) => void this.#gone(error.message));
    child.once("exit", (status, signal) => {
      void this.#gone(signal === null ? `exit status ${status}` : `signal ${signal}`);
    });
    if (child.pid === undefined) return;
    this.#stopWatch = watchMemory(child.pid, this.#parts.memoryBytes, (bytes) => {
      this.#parts.log.warn("a browser session used more memory than it may", {
        session: this.#request.id,
        mebibytes: Math.round(bytes / 1024 / 1024),
      });
      void this.#end("memory limit");
    });
  }

  async #end(reason: string): Promise<void> {
    const first = this.#reason === undefined;
    this.#reason ??= reason;
    if (this.#child?.pid === undefined) {
      if (first) await this.#clear();
    } else await this.#processes?.kill();
    await this.ended;
  }

  /** bubblewrap is no more. */
  async #gone(how: string): Promise<void> {
    const why = this.#errors?.endReason ?? how;
    const first = this.#reason === undefined;
    this.#reason ??= why;
    if (first) this.#parts.log.info("a browser session ended", { session: this.#request.id, why });
    const tail = this.#errors?.tail ?? "";
    this.#onNeverReady(
      new ConsoleSubprocessFailed(`the browser's sandbox ended (${why})${tail && `: ${tail}`}`),
    );
    const gone = (await this.#processes?.kill()) ?? true;
    if (!gone)
      this.#parts.log.error("a browser session's processes do not end", {
        session: this.#request.id,
      });
    await this.#clear(gone);
  }

  async #clear(gone = true): Promise<void> {
    this.#stopWatch?.();
    const rfb = this.#rfb;
    this.#rfb = undefined;
    await rfb?.close();
    await this.#egress?.close();
    for (const stream of this.#child?.stdio ?? []) stream?.destroy();
    this.#folder.remove();
    if (gone && this.#user !== null) this.#parts.users?.release(this.#user);
    this.#onEnded({ reason: this.#reason ?? "ended" });
  }
}

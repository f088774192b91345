/**
 * One auxiliary host: looked at and tidied up at each first contact, given sessions while it is healthy, and
 * left alone for a while when it is not.
 */
import type { Duplex } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { printable } from "../../../../common/printable.ts";
import { ConsoleError, type Logger } from "../../../base.ts";
import type { Destination, SessionRequest } from "../provider.ts";
import type { AuxSession, SessionHost } from "./aux-session.ts";
import type { ConnectOptions } from "./connect.ts";
import type { AuxiliaryHost } from "./host-list.ts";
import { parseReport, requireUsable, wantedPrograms, type HostReport } from "./host-report.ts";
import { HOST_SCRIPT, hostCommand } from "./host-script.ts";
import { Lines } from "./lines.ts";
import { startSession } from "./start-session.ts";
import type { SshLine } from "./ssh-line.ts";

const COMMAND_LIMIT_MS = 30_000;
const INSTALL_LIMIT_MS = 900_000;
const DIAL_LIMIT_MS = 20_000;
const FIRST_REST_MS = 2000;
const LONGEST_REST_MS = 60_000;
const ROOT_FOLDER = "/var/lib/bmc-console";
const HOME_FOLDER = ".bmc-console";
/** FACT(unix(7)): a socket's path has 107 bytes; ours go on for 50 after the folder. */
const MAX_FOLDER = 48;

export interface AuxHostSettings {
  readonly log: Logger;
  /** What names of accounts and folders begin with: `bmc-` and eight letters that stand for the conductor. */
  readonly mark: string;
  readonly owner: string;
  readonly sudo: boolean;
  readonly install: boolean;
  /** It is only tidied up, and needs no programs for that. */
  readonly isFormer: boolean;
  /** Empty for the default. */
  readonly folder: string;
  readonly seats: number;
  readonly memoryMebibytes: number;
  readonly sessionCpus: number;
  readonly connect: Omit<ConnectOptions, "host" | "hostKeys"> & {
    readonly hostKeys: () => ConnectOptions["hostKeys"];
  };
}

interface Ready {
  readonly report: HostReport;
  readonly base: string;
}

export class AuxHost implements SessionHost {
  readonly name: string;
  readonly weight: number;
  readonly seats: number;
  /** Seats that are taken. */
  taken = 0;
  /** Why it is left alone, and until when by performance.now(). */
  problem: { readonly error: unknown; readonly untilMs: number } | undefined;
  readonly #host: AuxiliaryHost;
  readonly #settings: AuxHostSettings;
  readonly #live = new Map<string, AuxSession | undefined>();
  readonly #stopping = new AbortController();
  #lines: Lines;
  #ready: Ready | undefined;
  #preparing: Promise<Ready> | undefined;
  #recovering: Promise<void> | undefined;
  #swept = 0;
  #failures = 0;
  #turn = 0;

  constructor(host: AuxiliaryHost, settings: AuxHostSettings) {
    this.name = host.name;
    this.weight = host.weight;
    this.seats = settings.seats;
    this.#host = host;
    this.#settings = settings;
    this.#lines = this.#newLines();
  }

  get isResting(): boolean {
    return this.problem !== undefined && performance.now() < this.problem.untilMs;
  }

  /**
   * Connects, looks, installs and tidies up where that has not been done on this connection.
   * @throws {ConsoleError} saying what to do about it
   */
  async prepare(signal: AbortSignal): Promise<void> {
    await this.#prepared(signal);
  }

  /** @returns how many leftovers were removed since it was asked last */
  takeSwept(): number {
    const swept = this.#swept;
    this.#swept = 0;
    return swept;
  }

  async start(id: string, request: SessionRequest, signal: AbortSignal): Promise<AuxSession> {
    const { report, base } = await this.#prepared(signal);
    const { log, mark, owner, sudo, memoryMebibytes, sessionCpus } = this.#settings;
    if (request.java) await this.#requireJava(report, signal);
    const name = `${mark}-${id}`;
    const turn = (this.#turn += 1);
    const { cpus } = report;
    const sharers = report.isRoot ? 1 : this.seats;
    const plan = {
      host: this,
      log,
      name,
      base,
      mark,
      owner,
      sudo,
      cpus,
      turn,
      sharers,
      memoryMebibytes,
      sessionCpus,
    };
    this.#live.set(name, undefined);
    try {
      const session = await this.#lines.forSession(signal, (line) =>
        startSession({ ...plan, line }, request, signal),
      );
      this.#live.set(name, session);
      void session.ended.then(() => this.#live.delete(name));
      return session;
    } catch (error) {
      this.#live.delete(name);
      throw error;
    }
  }

  /** The way to a BMC from there. */
  async dial(destination: Destination, signal: AbortSignal): Promise<Duplex> {
    await this.#prepared(signal);
    const line = await this.#anyLine(signal);
    return await line.dialTcp(destination, signal, DIAL_LIMIT_MS);
  }

  async command(verb: string, args: readonly string[], signal: AbortSignal): Promise<string> {
    const { base } = await this.#prepared(signal);
    return await this.#run(base, verb, args, signal);
  }

  /** Removes all of ours that no session of this process is. @returns how many */
  async sweep(signal: AbortSignal): Promise<number> {
    const { base } = await this.#prepared(signal);
    await this.#sweep(base, signal);
    return this.takeSwept();
  }

  /** Ends its sessions and connections. */
  async stop(): Promise<void> {
    await Promise.all([...this.#live.values()].map(async (session) => await session?.end()));
    this.#stopping.abort(new ConsoleError("the conductor stops"));
    this.#lines.close();
    await this.#preparing?.catch(() => {});
    await this.#recovering;
  }

  async #prepared(signal: AbortSignal): Promise<Ready> {
    if (this.#ready && this.#lines.isOpen) return this.#ready;
    this.#preparing ??= this.#prepare().finally(() => (this.#preparing = undefined));
    const waiting = this.#preparing;
    return await new Promise<Ready>((resolve, reject) => {
      const abort = (): void => reject(signal.reason as Error);
      if (signal.aborted) abort();
      signal.addEventListener("abort", abort, { once: true });
      waiting.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
    });
  }

  /** For everybody who waits: none of them can abort it for the others. */
  async #prepare(): Promise<Ready> {
    const { log } = this.#settings;
    const signal = this.#stopping.signal;
    try {
      signal.throwIfAborted();
      await this.#lines.open(signal);
      const seen = await this.#look(signal);
      const base = this.#baseOf(seen);
      await this.#sweep(base, signal);
      const report = this.#settings.isFormer ? seen : await this.#equip(seen, signal);
      this.#ready = { report, base };
      this.problem = undefined;
      this.#failures = 0;
      log.info("an auxiliary host is ready", { host: this.name, accounts: report.isRoot, base });
      return this.#ready;
    } catch (error) {
      this.#ready = undefined;
      this.#renewLines();
      this.#rest(error);
      throw error;
    }
  }

  async #look(signal: AbortSignal): Promise<HostReport> {
    const wanted = wantedPrograms(this.#settings.sudo || this.#host.user === "root");
    return parseReport(this.name, await this.#run("-", "check", wanted, signal));
  }

  /** Installs what is missing, where that is wanted. */
  async #equip(report: HostReport, signal: AbortSignal): Promise<HostReport> {
    if (report.missing.length === 0 || !this.#mayInstall(report)) {
      requireUsable(this.name, report);
      return report;
    }
    await this.#install(report.missing, signal);
    const second = await this.#look(signal);
    requireUsable(this.name, second);
    return second;
  }

  #mayInstall({ isRoot, hasApt }: HostReport): boolean {
    return this.#settings.install && isRoot && hasApt;
  }

  async #install(packages: readonly string[], signal: AbortSignal): Promise<void> {
    this.#settings.log.info("installing packages on an auxiliary host", {
      host: this.name,
      packages,
    });
    await this.#run("-", "install", packages, signal, INSTALL_LIMIT_MS);
  }

  async #requireJava(report: HostReport, signal: AbortSignal): Promise<void> {
    const missing = report.missingForJava;
    if (missing.length === 0) return;
    if (!this.#mayInstall(report)) requireUsable(this.name, { ...report, missing });
    await this.#install(missing, signal);
    if (this.#ready) this.#ready = { ...this.#ready, report: { ...report, missingForJava: [] } };
  }

  #baseOf(report: HostReport): string {
    const { folder } = this.#settings;
    const chosen = folder || (report.isRoot ? ROOT_FOLDER : `${report.home}/${HOME_FOLDER}`);
    if (!/^\/[\w./-]+$/.test(chosen) || chosen.length > MAX_FOLDER)
      throw new ConsoleError(
        `"${printable(chosen)}" cannot be the sessions' folder on ${this.name}: absolute, at most ${MAX_FOLDER} letters, digits and ._-/; set [browser]ssh_folder`,
      );
    return chosen;
  }

  async #sweep(base: string, signal: AbortSignal): Promise<void> {
    const text = await this.#run(base, "sweep", [...this.#live.keys()], signal);
    const removed = Number(/^removed\t(\d+)$/m.exec(text)?.[1] ?? 0);
    if (removed === 0) return;
    this.#swept += removed;
    this.#settings.log.warn("removed what was left on an auxiliary host", {
      host: this.name,
      removed,
    });
  }

  async #run(
    base: string,
    verb: string,
    args: readonly string[],
    signal: AbortSignal,
    limitMs = COMMAND_LIMIT_MS,
  ): Promise<string> {
    const { sudo, mark } = this.#settings;
    const command = hostCommand(sudo, [verb, base, mark, ...args]);
    const { status, stdout, stderr } = await this.#lines.run(command, HOST_SCRIPT, {
      limitMs,
      signal,
    });
    if (status === 0) return stdout;
    const words = printable(stderr.trim().split("\n").slice(-3).join(" | "), 500);
    if (sudo && /^sudo:|a password is required/m.test(stderr))
      throw new ConsoleError(
        `sudo on auxiliary host ${this.name} does not let "${this.#host.user}" become root without a password: ${words}; see docs/browser-ssh.md for the sudoers line`,
      );
    throw new ConsoleError(
      `auxiliary host ${this.name} fails to ${verb} (${status ?? "killed"}): ${words}`,
    );
  }

  async #anyLine(signal: AbortSignal): Promise<SshLine> {
    return this.#lines.first() ?? (await this.#lines.open(signal));
  }

  #newLines(): Lines {
    const { hostKeys, ...others } = this.#settings.connect;
    const lines: Lines = new Lines(
      () => ({ host: this.#host, hostKeys: hostKeys(), ...others }),
      () => {
        if (this.#lines === lines && this.#ready) this.#recover();
      },
    );
    return lines;
  }

  #renewLines(): void {
    this.#lines.close();
    if (!this.#stopping.signal.aborted) this.#lines = this.#newLines();
  }

  #rest(error: unknown): void {
    const restMs = Math.min(FIRST_REST_MS * 2 ** this.#failures, LONGEST_REST_MS);
    this.#failures += 1;
    this.problem = { error, untilMs: performance.now() + restMs };
  }

  /** Its sessions are lost; what they left is removed as soon as the host answers again. */
  #recover(): void {
    this.#ready = undefined;
    this.#settings.log.warn("the connection to an auxiliary host is lost", { host: this.name });
    this.#rest(new ConsoleError(`the SSH connection to ${this.name} is lost`));
    this.#recovering ??= this.keepTrying().finally(() => (this.#recovering = undefined));
  }

  /** Until it is ready or everything stops. */
  async keepTrying(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const waitMs = Math.max(0, (this.problem?.untilMs ?? 0) - performance.now());
      await pause(waitMs, undefined, { signal }).catch(() => {});
      if (signal.aborted || (this.#ready && this.#lines.isOpen)) return;
      try {
        await this.prepare(signal);
        return;
      } catch (error) {
        if (!signal.aborted)
          this.#settings.log.warn("an auxiliary host cannot be used", { host: this.name, error });
      }
    }
  }
}

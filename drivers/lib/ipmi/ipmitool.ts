/**
 * Runs ipmitool against BMCs: one command at a time for each, with the password out of sight, a deadline,
 * further tries where they help, and the cipher suite that the BMC takes. One instance belongs to one
 * driver interface of a conductor. Never starts a shell; never writes a file that outlives a command.
 */
import { closeSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import {
  BmcProtocolError,
  BmcTimeout,
  BmcUnreachable,
  ConsoleSubprocessFailed,
  type Config,
  type Logger,
} from "../../base.ts";
import { printable } from "../../../common/printable.ts";
import { withDeadline } from "../deadline.ts";
import { peerOf, type IpmiAccess } from "./access.ts";
import { runChild, type ChildResult } from "./child.ts";
import { ipmitoolArguments, ipmitoolEnvironment, isKgKeyVisible } from "./command-line.ts";
import { complaintOf, type Complaint } from "./complaints.ts";
import { openNamelessPasswordFile } from "./password-file.ts";
import { signOfLife } from "./sign-of-life.ts";
import { Turns } from "./turns.ts";

/** A full SEL of 64 Ki records would have more; what has more is cut or refused by the caller's choice. */
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;
/**
 * FACT(ipmitool 1.8.19): inside a session it waits 2, 4, 6 … seconds for an answer with -N 1, so that seven
 * tries outlast any bad network; {@link signOfLife} finds a dead BMC sooner.
 */
const RETRIES = { verbose: 7, quiet: 4 } as const;
/**
 * FACT(ipmitool 1.8.19, lanplus.c): when four attempts to open a session all lose a message, it goes on as
 * if it had one, and waits for answers that cannot come. With -v it says this when it really has one.
 */
const SESSION_OPEN = "Running Get VSO Capabilities";
const SESSION_LIMIT_MS = 20_000;
/**
 * FACT(ipmitool 1.8.19): while it opens a session it waits for each message one second with -N 1, whatever
 * -R says. Slower BMCs need a larger -N.
 */
const SLOW_MS = 700;
const SLOW_SECONDS = 3;
/** An ipmitool that ends sooner did not wait for an answer: it was refused, in words that are not known. */
const NO_WAIT_MS = 900;
const UNEXPLAINED_RUNS = 3;
/** Asks for nothing that a user could be denied. */
const HARMLESS = ["mc", "guid"];
const BMCS_REMEMBERED = 10_000;

/** The part of a task that a command needs. */
export interface IpmiContext {
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly config: Config;
}

export interface IpmiRunOptions {
  /** Seconds; by default `[ipmi]command_retry_timeout`. */
  readonly limitSeconds?: number;
  /** False leaves -v out, for commands that print something else with it. */
  readonly verbose?: boolean;
}

export interface IpmiAnswer {
  readonly stdout: string;
  /** True when the output was longer than what is kept. */
  readonly cut: boolean;
  /** Null when ipmitool chose it. */
  readonly cipherSuite: number | null;
}

export class Ipmitool {
  readonly #program: string;
  readonly #turns = new Turns();
  /** By peer: what worked last. */
  readonly #known = new Map<string, Manner>();

  /** @param program name or path, for tests */
  constructor(program = "ipmitool") {
    this.#program = program;
  }

  /**
   * Runs one command.
   * @param command words after the options; never from a tenant
   * @throws {BmcUnreachable} {@link BmcTimeout} {@link BmcAuthenticationFailed} {@link BmcBusy}
   *   {@link BmcFeatureMissing} {@link BmcProtocolError} {@link ConsoleSubprocessFailed}
   */
  async run(
    context: IpmiContext,
    access: IpmiAccess,
    command: readonly string[],
    options: IpmiRunOptions = {},
  ): Promise<IpmiAnswer> {
    const peer = peerOf(access);
    const seconds = options.limitSeconds ?? context.config.ipmi.command_retry_timeout;
    let last: Complaint | undefined;
    const onTimeout = (): Error =>
      last?.error ?? new BmcTimeout(`${peer} did not answer an IPMI command within ${seconds} s`);
    const limits = { signal: context.signal, limitMs: seconds * 1000, onTimeout };
    return await withDeadline(limits, (outer) =>
      this.#turns.take(peer, outer, () =>
        withSignOfLife(access, outer, async (signal, isSlow) => {
          const tries = new Tries(access, this.#known.get(peer));
          const inner = { ...context, signal };
          let inDoubt = false;
          for (;;) {
            const manner = tries.manner(isSlow());
            const verbose: boolean = inDoubt || options.verbose !== false;
            const words = inDoubt ? HARMLESS : command;
            const began = performance.now();
            const result = await this.#once(inner, access, words, manner, verbose);
            signal.throwIfAborted();
            if (result.code === 0) {
              this.#remember(peer, manner);
              if (inDoubt) {
                inDoubt = false;
                continue;
              }
              return { stdout: result.stdout, cut: result.cut, cipherSuite: manner.suite ?? null };
            }
            const furtherWords = context.config.ipmi.additional_retryable_ipmi_errors;
            last = complaintOf(result.stderr, peer, furtherWords);
            if (!tries.goOnAfter(last, performance.now() - began)) throw last.error;
            // Without -v a wrong password looks like a lost answer; asked again and again, it locks accounts.
            inDoubt ||= !verbose && last.kind === "lost";
            const { min_command_interval: interval } = context.config.ipmi;
            await pause(last.kind === "busy" ? interval * 1000 : 0, undefined, { signal });
          }
        }),
      ),
    );
  }

  /** Asks ipmitool for its version. @returns undefined when it is not installed */
  async version(): Promise<string | undefined> {
    const signal = AbortSignal.timeout(5000);
    try {
      const { stdout } = await runChild({ ...this.#child(["-V"], {}), signal });
      return printable(stdout.trim());
    } catch {
      return undefined;
    }
  }

  async #once(
    context: IpmiContext,
    access: IpmiAccess,
    command: readonly string[],
    { suite: cipherSuite, timeoutSeconds }: Manner,
    verbose: boolean,
  ): Promise<ChildResult> {
    const inEnvironment = context.config.ipmi.store_cred_in_env;
    const descriptor = inEnvironment ? undefined : openNamelessPasswordFile(access.password);
    const args = ipmitoolArguments(access, {
      cipherSuite,
      passwordFile: inEnvironment ? undefined : "/dev/fd/3",
      retries: RETRIES[verbose ? "verbose" : "quiet"],
      timeoutSeconds,
    });
    const child = this.#child(
      [...args, ...(verbose ? ["-v"] : []), ...command],
      ipmitoolEnvironment(access, inEnvironment),
    );
    const expects =
      verbose && access.protocol === "lanplus"
        ? { text: SESSION_OPEN, withinMs: SESSION_LIMIT_MS * timeoutSeconds }
        : undefined;
    if (isKgKeyVisible(access))
      context.log.warn("ipmi: the Kg key has bytes that ipmitool takes as an argument only", {
        peer: peerOf(access),
      });
    try {
      const result = await runChild({ ...child, descriptor, expects, signal: context.signal });
      this.#note(context, access, command, result);
      return result;
    } catch (error) {
      throw startError(error, this.#program);
    } finally {
      if (descriptor !== undefined) closeSync(descriptor);
    }
  }

  #child(
    args: readonly string[],
    env: Record<string, string>,
  ): Omit<Parameters<typeof runChild>[0], "signal"> {
    const maxBytes = MAX_OUTPUT_BYTES;
    return { program: this.#program, args, env, descriptor: undefined, maxBytes };
  }

  #note(
    { log, config }: IpmiContext,
    access: IpmiAccess,
    command: readonly string[],
    { code, stderr }: ChildResult,
  ): void {
    const said = config.ipmi.debug ? { stderr: printable(stderr, 4000) } : {};
    log.debug("ipmi: ran a command", {
      peer: peerOf(access),
      command: command.join(" "),
      code,
      ...said,
    });
  }

  #remember(peer: string, manner: Manner): void {
    this.#known.delete(peer);
    this.#known.set(peer, manner);
    const [oldest] = this.#known.keys();
    if (this.#known.size > BMCS_REMEMBERED && oldest !== undefined) this.#known.delete(oldest);
  }
}

/** How a BMC is spoken to. */
interface Manner {
  readonly suite: number | undefined;
  readonly timeoutSeconds: number;
}

/** How to speak to it now, and whether another try makes sense. */
class Tries {
  readonly #suites: readonly number[];
  #index: number;
  #refused = 0;
  readonly #wasSlow: boolean;
  #unexplained = 0;

  constructor({ cipherSuites }: IpmiAccess, known: Manner | undefined) {
    this.#suites = cipherSuites;
    this.#index = Math.max(0, known?.suite === undefined ? 0 : cipherSuites.indexOf(known.suite));
    this.#wasSlow = known?.timeoutSeconds === SLOW_SECONDS;
  }

  manner(isSlow: boolean): Manner {
    const timeoutSeconds = isSlow || this.#wasSlow ? SLOW_SECONDS : 1;
    return { suite: this.#suites[this.#index], timeoutSeconds };
  }

  goOnAfter({ kind }: Complaint, tookMs: number): boolean {
    if (kind === "cipher") {
      this.#refused += 1;
      this.#index = (this.#index + 1) % Math.max(1, this.#suites.length);
      return this.#refused < this.#suites.length;
    }
    if (kind === "lost" && tookMs < NO_WAIT_MS) this.#unexplained += 1;
    return kind !== "fatal" && this.#unexplained < UNEXPLAINED_RUNS;
  }
}

/** Ends the work when the BMC turns out to be dead. */
async function withSignOfLife<T>(
  access: IpmiAccess,
  outer: AbortSignal,
  work: (signal: AbortSignal, isSlow: () => boolean) => Promise<T>,
): Promise<T> {
  const done = new AbortController();
  const dead = new AbortController();
  let slow = false;
  const watch = async (): Promise<void> => {
    const sign = await signOfLife(access, done.signal);
    slow = (sign.roundTripMs ?? 0) > SLOW_MS;
    if (sign.silent) dead.abort();
  };
  const watching = watch();
  try {
    return await work(AbortSignal.any([outer, dead.signal]), () => slow);
  } catch (error) {
    if (!dead.signal.aborted || outer.aborted) throw error;
    throw new BmcUnreachable(`${peerOf(access)} does not answer IPMI requests`);
  } finally {
    done.abort();
    await watching;
  }
}

function startError(error: unknown, program: string): Error {
  const { code } = error as { code?: unknown };
  if (code === "ENOENT" || code === "EACCES")
    return new ConsoleSubprocessFailed(
      "ipmitool is not installed where the conductor runs: install the package ipmitool",
      { cause: error },
    );
  return new ConsoleSubprocessFailed(`${program} could not be started`, { cause: error });
}

/** @throws {BmcProtocolError} for an answer that was too long to be kept whole */
export function wholeOutput(answer: IpmiAnswer, peer: string): string {
  if (!answer.cut) return answer.stdout;
  throw new BmcProtocolError(`${peer} answers more than ${MAX_OUTPUT_BYTES} bytes`);
}

/** One run of a program that answers and ends: argument array, bounded output, ended with its signal. */
import { spawn } from "node:child_process";

/** FACT(ipmitool 1.8.19): on INT it closes its session at the BMC, which has room for a few only. */
const POLITE_MS = 1500;

export interface ChildOptions {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The child's descriptor 3. */
  readonly descriptor: number | undefined;
  /** Bytes of standard output, and of standard error, kept at most. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  /** Ends the child early when its standard error does not have this text within so many milliseconds. */
  readonly expects?: { readonly text: string; readonly withinMs: number } | undefined;
}

export interface ChildResult {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** True when it wrote more than was kept. */
  readonly cut: boolean;
}

/**
 * @throws {Error} Node's own, with `code` ENOENT, when there is no such program
 */
export async function runChild(options: ChildOptions): Promise<ChildResult> {
  return await new Promise((resolve, reject) => {
    const child = spawn(options.program, options.args, {
      env: options.env,
      stdio: ["ignore", "pipe", "pipe", options.descriptor ?? "ignore"],
    });
    const stdout = new BoundedText(options.maxBytes);
    const stderr = new BoundedText(options.maxBytes);
    child.stdout?.on("data", (chunk: Buffer) => stdout.take(chunk));
    child.stderr?.on("data", (chunk: Buffer) => stderr.take(chunk));
    let killer: NodeJS.Timeout | undefined;
    const { expects } = options;
    const judge =
      expects &&
      setTimeout(() => {
        if (!stderr.text.includes(expects.text)) child.kill("SIGKILL");
      }, expects.withinMs);
    const abort = (): void => {
      clearTimeout(judge);
      child.kill("SIGINT");
      killer ??= setTimeout(() => child.kill("SIGKILL"), POLITE_MS);
    };
    const settle = (): void => {
      clearTimeout(killer);
      clearTimeout(judge);
      options.signal.removeEventListener("abort", abort);
    };
    child.once("error", (error) => {
      if (child.pid !== undefined) return;
      settle();
      reject(error);
    });
    child.once("close", (code) => {
      settle();
      const cut = stdout.cut || stderr.cut;
      resolve({ code, stdout: stdout.text, stderr: stderr.text, cut });
    });
    if (options.signal.aborted) abort();
    else options.signal.addEventListener("abort", abort, { once: true });
  });
}

/** The beginning of what comes, and whether more came. */
class BoundedText {
  readonly #chunks: Buffer[] = [];
  readonly #limit: number;
  #size = 0;
  cut = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  take(chunk: Buffer): void {
    const rest = this.#limit - this.#size;
    if (chunk.length > rest) this.cut = true;
    if (rest <= 0) return;
    const kept = chunk.subarray(0, rest);
    this.#chunks.push(kept);
    this.#size += kept.length;
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString("utf8");
  }
}

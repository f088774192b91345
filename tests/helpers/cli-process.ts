/** Runs the built program as a child, the way a user does, and waits for what it says. */
import { spawn, type ChildProcess } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const PROGRAM = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "cli", "main.js");

/** So that nobody's saved login, clouds or completions count. */
const NOWHERE = "/nonexistent";

export interface CliEnd {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class CliProcess {
  stdout = "";
  stderr = "";
  readonly #child: ChildProcess;
  readonly #ended: Promise<CliEnd>;
  #onOutput: () => void = () => undefined;

  /** @param env added to ours, from which all OS_* and BMCON_* of the tests' caller are taken out */
  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const inherited = Object.entries(process.env).filter(
      ([name]) => !/^(?:OS_|BMCON_(?!TEST))/.test(name),
    );
    this.#child = spawn(process.execPath, [PROGRAM, ...args], {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...Object.fromEntries(inherited), XDG_CONFIG_HOME: NOWHERE, ...env },
    });
    this.#child.stdout?.on("data", (chunk: Buffer) => {
      this.stdout += chunk.toString();
      this.#onOutput();
    });
    this.#child.stderr?.on("data", (chunk: Buffer) => {
      this.stderr += chunk.toString();
      this.#onOutput();
    });
    this.#ended = new Promise((resolve) => {
      this.#child.once("close", (status, signal) => resolve({ status, signal }));
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Writes the whole standard input. */
  input(text: string): void {
    this.#child.stdin?.end(text);
  }

  /** As `| head -1` does. */
  stopReading(): void {
    this.#child.stdout?.destroy();
  }

  /**
   * @returns the first match in standard output or standard error
   * @throws {Error} with all that was said, at the deadline or when the program ends first
   */
  async untilSays(pattern: RegExp, deadlineMs = 20_000): Promise<RegExpExecArray> {
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise((resolve, reject) => {
        const fail = (why: string): void =>
          reject(new Error(`${why} before it said ${pattern}:\n${this.stdout}${this.stderr}`));
        const look = (): void => {
          const match = pattern.exec(this.stdout) ?? pattern.exec(this.stderr);
          if (match) resolve(match);
        };
        this.#onOutput = look;
        timer = setTimeout(() => fail(`${deadlineMs} ms went by`), deadlineMs);
        void this.#ended.then(() => fail("it ended"));
        look();
      });
    } finally {
      clearTimeout(timer);
      this.#onOutput = () => undefined;
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Waits for the end; at the deadline it is killed and reported as such. */
  async end(deadlineMs = 15_000): Promise<CliEnd> {
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), deadlineMs);
    try {
      return await this.#ended;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Runs the program to its end. */
export async function runCli(
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly stdin?: string } = {},
): Promise<CliEnd & { readonly stdout: string; readonly stderr: string }> {
  const program = new CliProcess(args, options.env);
  program.input(options.stdin ?? "");
  const end = await program.end();
  return { ...end, stdout: program.stdout, stderr: program.stderr };
}

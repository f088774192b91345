/**
 * Runs the built program in a real pseudo-terminal, as a person at a shell does, and tells afterwards
 * whether the terminal is as it was. Python's standard library makes the terminal; Node.js cannot.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const PROGRAM = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..", "cli", "main.js");

/** Standard input and output are the terminal's other side; descriptor 3 gets one JSON line a fact. */
const PYTHON = `
import fcntl, json, os, pty, select, struct, sys, termios
master, slave = pty.openpty()
fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
before = termios.tcgetattr(slave)
def say(fact):
    os.write(3, (json.dumps(fact) + "\\n").encode())
pid = os.fork()
if pid == 0:
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for descriptor in (0, 1, 2):
        os.dup2(slave, descriptor)
    os.closerange(3, 256)
    os.execvp(sys.argv[1], sys.argv[1:])
say({"pid": pid})
open_input = True
status = None
while True:
    watched = [master] + ([0] if open_input else [])
    ready, _, _ = select.select(watched, [], [], 0.02)
    if master in ready:
        os.write(1, os.read(master, 65536))
    elif status is not None:
        break
    if 0 in ready:
        typed = os.read(0, 65536)
        open_input = len(typed) > 0
        if typed:
            os.write(master, typed)
    if status is None:
        ended, value = os.waitpid(pid, os.WNOHANG)
        if ended:
            status = value
after = termios.tcgetattr(slave)
say({
    "status": os.WEXITSTATUS(status) if os.WIFEXITED(status) else None,
    "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else None,
    "restored": before == after,
})
`;

export interface TerminalEnd {
  readonly status: number | null;
  /** Number of the signal that ended it. */
  readonly signal: number | null;
  /** Whether all settings of the terminal are what they were. */
  readonly restored: boolean;
}

export class TerminalProcess {
  /** All that the terminal showed. */
  screen = "";
  readonly #python: ChildProcess;
  readonly #pid: Promise<number>;
  readonly #ended: Promise<TerminalEnd>;
  #onScreen: () => void = () => undefined;
  #over = false;
  /** How much of the screen was looked at. */
  #seen = 0;

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const inherited = Object.entries(process.env).filter(
      ([name]) => !/^(?:OS_|BMCON_(?!TEST))/.test(name),
    );
    this.#python = spawn("python3", ["-c", PYTHON, process.execPath, PROGRAM, ...args], {
      stdio: ["pipe", "pipe", "inherit", "pipe"],
      env: {
        ...Object.fromEntries(inherited),
        XDG_CONFIG_HOME: "/nonexistent",
        TERM: "xterm",
        ...env,
      },
    });
    this.#python.stdin?.on("error", () => undefined);
    this.#python.stdout?.setEncoding("latin1").on("data", (text: string) => {
      this.screen += text;
      this.#onScreen();
    });
    const facts = createInterface({ input: this.#python.stdio[3] as Readable });
    const fact = async (): Promise<unknown> =>
      JSON.parse((await lines.next()).value ?? "null") as unknown;
    const lines = facts[Symbol.asyncIterator]();
    this.#pid = fact().then((first) => (first as { pid: number }).pid);
    this.#ended = this.#pid.then(async () => {
      const end = (await fact()) as TerminalEnd;
      this.#over = true;
      this.#onScreen();
      return end;
    });
    this.#ended.catch(() => undefined);
  }

  /** As from a keyboard. */
  type(keys: string): void {
    this.#python.stdin?.write(Buffer.from(keys, "latin1"));
  }

  /**
   * Waits until the screen shows it after what was looked for before.
   * @throws {Error} with the screen at the deadline, or when the program ends first
   */
  async untilShows(text: string, deadlineMs = 15_000): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        const fail = (why: string): void =>
          reject(
            new Error(`${why} before ${JSON.stringify(text)}: ${JSON.stringify(this.screen)}`),
          );
        this.#onScreen = () => {
          const at = this.screen.indexOf(text, this.#seen);
          if (at >= 0) {
            this.#seen = at + text.length;
            resolve();
          } else if (this.#over) fail("it ended");
        };
        timer = setTimeout(() => fail(`${deadlineMs} ms went by`), deadlineMs);
        this.#onScreen();
      });
    } finally {
      clearTimeout(timer);
      this.#onScreen = () => undefined;
    }
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    process.kill(await this.#pid, signal);
  }

  /** Ends it if it still runs. */
  async stop(): Promise<void> {
    if (!this.#over) await this.kill("SIGKILL");
    await this.end();
  }

  /** Waits for the end; at the deadline it is killed and reported as such. */
  async end(deadlineMs = 15_000): Promise<TerminalEnd> {
    const timer = setTimeout(() => void this.kill("SIGKILL"), deadlineMs);
    try {
      return await this.#ended;
    } finally {
      clearTimeout(timer);
      this.#python.stdin?.end();
    }
  }
}

/**
 * The user's terminal in raw mode, and back, whatever ends the program: a return, an exception, a signal.
 * Only the terminal on standard input is touched; in a pipe nothing is.
 */
import { spawnSync } from "node:child_process";
import type { CliIo } from "../cli-io.ts";

const STTY_MS = 2000;
const SIGNALS = ["SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT"] as const;
export type EndSignal = (typeof SIGNALS)[number];

/**
 * What a machine's full-screen program may have left on: colours, a hidden cursor, another screen or
 * character set, application keys, mouse reports, bracketed paste.
 */
const UNDO =
  "\u001b[0m\u001b[?25h\u001b[?7h\u001b[?1047l\u001b[?1l\u001b>\u001b(B\u000f" +
  "\u001b[?1000l\u001b[?1002l\u001b[?1003l\u001b[?1006l\u001b[?2004l";

export class RawTerminal {
  readonly #io: CliIo;
  readonly #onSignal: (signal: EndSignal) => void;
  #raw = false;

  /** @param onSignal the program was told to end; it does so by returning */
  constructor(io: CliIo, onSignal: (signal: EndSignal) => void) {
    this.#io = io;
    this.#onSignal = onSignal;
  }

  enter(): void {
    for (const signal of SIGNALS) process.on(signal, this.#onSignal);
    process.on("exit", this.#restore);
    process.on("SIGCONT", this.#resume);
    this.#setRaw(true);
  }

  /** May be called again. */
  leave(): void {
    this.#restore();
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
    process.off("exit", this.#restore);
    process.off("SIGCONT", this.#resume);
  }

  readonly #restore = (): void => {
    if (!this.#raw) return;
    this.#setRaw(false);
    if (this.#io.stdout.isTTY) this.#io.stdout.write(UNDO);
  };

  /** After `kill -STOP` and `fg` the shell has set its own mode. */
  readonly #resume = (): void => {
    if (this.#raw) {
      this.#setRaw(false);
      this.#setRaw(true);
    }
  };

  #setRaw(raw: boolean): void {
    const { stdin } = this.#io;
    if (!stdin.isTTY || !stdin.setRawMode) return;
    stdin.setRawMode(raw);
    this.#raw = raw;
    if (raw) this.#stopOutputProcessing();
  }

  /**
   * FACT(libuv src/unix/tty.c, UV_TTY_MODE_RAW): leaves ONLCR on, which makes CR LF of each LF. Full-screen
   * programs on the machine move down with LF. Without stty it stays so, which only they notice.
   */
  #stopOutputProcessing(): void {
    const { stdin, env } = this.#io;
    const { fd = 0 } = stdin as { fd?: number };
    spawnSync("stty", ["-opost"], {
      stdio: [fd, "ignore", "ignore"],
      env: { ...env },
      timeout: STTY_MS,
    });
  }
}

/**
 * Where the machine's bytes and our notices come together: bytes go to standard output as they are,
 * notices as dim lines to standard error when that is a terminal, else nowhere.
 */
import type { CliIo } from "../cli-io.ts";

/** A reader of our output that is slower than that loses bytes instead of filling the memory. */
const MOST_WAITING_BYTES = 8 * 1024 * 1024;
const LF = 0x0a;
const DIM = "\u001b[2m";
const PLAIN = "\u001b[0m";

export class Screen {
  readonly #io: CliIo;
  #atLineStart = true;
  #lostBytes = 0;

  constructor(io: CliIo) {
    this.#io = io;
  }

  /** The machine's own bytes: nothing is taken out, as in every serial terminal. */
  write(bytes: Buffer): void {
    const { stdout } = this.#io;
    if (bytes.length === 0 || stdout.destroyed) return;
    if (stdout.writableLength > MOST_WAITING_BYTES) {
      this.#lostBytes += bytes.length;
      return;
    }
    stdout.write(bytes);
    this.#atLineStart = bytes.at(-1) === LF;
    if (this.#lostBytes > 0) {
      this.notice(`${this.#lostBytes} bytes are missing before this: output was too slow`);
      this.#lostBytes = 0;
    }
  }

  /** @param lines already fit for a terminal */
  notice(...lines: readonly string[]): void {
    const { stderr } = this.#io;
    if (!stderr.isTTY || lines.length === 0) return;
    const text = lines.map((line) => `${DIM}[bmcon] ${line}${PLAIN}\r\n`).join("");
    stderr.write(this.#atLineStart ? text : `\r\n${text}`);
    this.#atLineStart = true;
  }
}

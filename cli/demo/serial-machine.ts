/**
 * The demo machine on its serial line: boots with a log, then runs the demo's shell on a terminal. It
 * knows nothing of sockets; its one timer runs while it boots.
 */
import type { Clock } from "../../common/clock.ts";
import { SERIAL_BOOT_LOG } from "./boot-log.ts";
import { COLOUR } from "./screen.ts";
import { SerialKeys } from "./serial-keys.ts";
import { Shell, type ShellHost } from "./shell.ts";

const MILLISECONDS_PER_BOOT_LINE = 120;
/** The line under edit never wraps: then carriage return leads to its beginning. */
const VISIBLE_COLUMNS = 79;
const ERASE_LINE = "\r\x1b[K";
/** The demo's colours are in EGA's order, those of ECMA-48 (SGR 30 to 37, 90 to 97) are not. */
const EGA_TO_SGR = [0, 4, 2, 6, 1, 5, 3, 7];

export class SerialMachine implements ShellHost {
  readonly clipboard = "";
  viewers = 0;
  bootedAt = 0;
  readonly #clock: Clock;
  readonly #send: (text: string) => void;
  readonly #shell = new Shell(this, "demo-serial");
  readonly #keys = new SerialKeys();
  #bootLinesShown = SERIAL_BOOT_LOG.length;
  #boot: NodeJS.Timeout | undefined;

  constructor(clock: Clock, send: (text: string) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  now(): number {
    return this.#clock.now();
  }

  /** What came over the line. While it boots nobody listens. */
  input(bytes: Uint8Array): void {
    for (const { keysym, control } of this.#keys.read(bytes)) {
      if (this.#isBooting) continue;
      this.#shell.key(keysym, control);
      if (!this.#isBooting) this.#showPrompt();
    }
  }

  print(text: string, ink: number = COLOUR.silver): void {
    const sgr = (ink < 8 ? 30 : 90) + EGA_TO_SGR[ink % 8]!;
    for (const line of text.split("\n")) this.#send(`${ERASE_LINE}\x1b[${sgr}m${line}\x1b[0m\r\n`);
  }

  clear(): void {
    this.#send("\x1b[2J\x1b[H");
  }

  reboot(): void {
    this.stop();
    this.clear();
    this.bootedAt = this.now();
    this.#bootLinesShown = 0;
    this.#boot = setInterval(() => this.#bootOn(), MILLISECONDS_PER_BOOT_LINE);
  }

  bell(): void {
    this.#send("\x07");
  }

  copy(): void {
    this.print("a serial line has no clipboard", COLOUR.coral);
  }

  stop(): void {
    clearInterval(this.#boot);
    this.#boot = undefined;
  }

  get #isBooting(): boolean {
    return this.#bootLinesShown < SERIAL_BOOT_LOG.length;
  }

  #bootOn(): void {
    const line = SERIAL_BOOT_LOG[this.#bootLinesShown++];
    if (line) this.print(line.text, line.ink);
    if (this.#isBooting) return;
    this.stop();
    this.#showPrompt();
  }

  #showPrompt(): void {
    const { text, cursor } = this.#shell.prompt;
    const hidden = Math.max(0, text.length - VISIBLE_COLUMNS);
    const shown = text.slice(hidden);
    const back = shown.length - Math.max(0, cursor - hidden);
    this.#send(ERASE_LINE + shown + (back > 0 ? `\x1b[${back}D` : ""));
  }
}

/** Log lines that strangers can cause, so many in a time and no more; what was left out is counted. */
import type { Clock } from "../../common/clock.ts";
import type { Logger } from "../../common/log.ts";

type Fields = Readonly<Record<string, unknown>>;

const WINDOW_MILLISECONDS = 10_000;

export class LogBudget {
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #most: number;
  #until = 0;
  #written = 0;
  #leftOut = 0;

  /** @param most lines in ten seconds */
  constructor(log: Logger, clock: Clock, most: number) {
    this.#log = log;
    this.#clock = clock;
    this.#most = most;
  }

  info(message: string, fields: Fields): void {
    this.#write("info", message, fields);
  }

  warn(message: string, fields: Fields): void {
    this.#write("warn", message, fields);
  }

  /** Says what was left out, when its time is over. */
  tick(): void {
    const now = this.#clock.now();
    if (now < this.#until) return;
    this.#until = now + WINDOW_MILLISECONDS;
    this.#written = 0;
    if (this.#leftOut > 0)
      this.#log.warn("more of ssh was not logged one by one", { lines: this.#leftOut });
    this.#leftOut = 0;
  }

  #write(level: "info" | "warn", message: string, fields: Fields): void {
    this.tick();
    if (this.#written >= this.#most) {
      this.#leftOut += 1;
      return;
    }
    this.#written += 1;
    this.#log.log(level, message, fields);
  }
}

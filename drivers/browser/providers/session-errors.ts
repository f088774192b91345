/**
 * What a session's program writes on its standard error: when it is ready, why it ended, and the last lines
 * for an error. Chromium writes there too, so every line is bounded and made printable.
 */
import type { Readable } from "node:stream";
import { printable } from "../../../common/printable.ts";
import { END_PREFIX, READY_LINE } from "../sandbox/session-script.ts";
import type { Logger } from "../../base.ts";

const MAX_LINE_CHARACTERS = 400;
const KEPT_LINES = 8;
/** Of a session's life; a page may make Chromium write without end. */
const MAX_LOGGED_LINES = 500;

export class SessionErrors {
  readonly #log: Logger;
  readonly #last: string[] = [];
  readonly #ready: () => void;
  #rest = "";
  #logged = 0;
  #isReady = false;
  #endReason: string | undefined;

  /** @param ready called once, when the session's VNC server is there */
  constructor(stream: Readable, log: Logger, ready: () => void) {
    this.#log = log;
    this.#ready = ready;
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => this.#take(text));
    stream.on("error", () => undefined);
  }

  /** What the script said last, if it said anything before it ended. */
  get endReason(): string | undefined {
    return this.#endReason;
  }

  /** The last lines, for the message of an error. */
  get tail(): string {
    return this.#last.join("; ");
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = (lines.pop() ?? "").slice(0, MAX_LINE_CHARACTERS);
    for (const line of lines) this.#line(printable(line, MAX_LINE_CHARACTERS));
  }

  #line(line: string): void {
    if (line === READY_LINE) {
      if (!this.#isReady) this.#ready();
      this.#isReady = true;
      return;
    }
    if (line.startsWith(END_PREFIX)) this.#endReason ??= line.slice(END_PREFIX.length);
    this.#last.push(line);
    if (this.#last.length > KEPT_LINES) this.#last.shift();
    if ((this.#logged += 1) <= MAX_LOGGED_LINES) this.#log.debug("browser session", { line });
  }
}

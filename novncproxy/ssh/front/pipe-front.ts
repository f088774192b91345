/**
 * For a program at a pipe (`ssh NODE@HOST < file`): the line's live bytes and nothing else on standard
 * output, words on standard error, no keys with a meaning.
 */
import type { SerialNotice } from "../../../common/serial-messages.ts";
import type { SessionNotice } from "../../../common/session-notices.ts";
import { ReplayMeter, type Front, type FrontHost } from "./front.ts";
import { NO_ESCAPE } from "../../../common/escape-keys.ts";
import { NoticeWords } from "../../../common/notice-words.ts";

/** Behind the end of input the machine gets until it was silent for so long, */
const QUIET_MILLISECONDS = 1000;
/** but no longer than this. */
const LONGEST_LINGER_MILLISECONDS = 10_000;
const TOLD: readonly string[] = ["line", "gap", "warning", "refused"];

export class PipeFront implements Front {
  readonly #host: FrontHost;
  readonly #words = new NoticeWords(NO_ESCAPE);
  readonly #replay = new ReplayMeter();
  #quiet: NodeJS.Timeout | undefined;
  #longest: NodeJS.Timeout | undefined;

  constructor(host: FrontHost) {
    this.#host = host;
  }

  line(bytes: Buffer): void {
    const old = this.#replay.take(bytes.length);
    this.#host.output.write(bytes.subarray(old));
    if (old < bytes.length) this.#quiet?.refresh();
  }

  notice(notice: SerialNotice | SessionNotice): void {
    if (notice.type === "replay") this.#replay.begin(notice.bytes);
    if (!TOLD.includes(notice.type)) return;
    for (const text of this.#words.say(notice)) {
      this.#host.output.aside(text);
    }
  }

  started(): void {
    /* nothing is asked for before the client does */
  }

  typed(bytes: Buffer): void {
    this.#host.type(bytes);
  }

  inputEnded(): void {
    const leave = (): void => this.#host.leave(0);
    this.#quiet = setTimeout(leave, QUIET_MILLISECONDS);
    this.#longest = setTimeout(leave, LONGEST_LINGER_MILLISECONDS);
  }

  closing(words: string): void {
    this.#host.output.aside(words);
  }

  stop(): void {
    clearTimeout(this.#quiet);
    clearTimeout(this.#longest);
  }
}

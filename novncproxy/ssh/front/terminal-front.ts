/** For a person at a terminal: pale lines among the machine's, commands behind Control-E c. */
import {
  EscapeKeys,
  escapeHelp,
  type EscapeCommand,
  type EscapeStyle,
} from "../../../common/escape-keys.ts";
import type { SerialNotice } from "../../../common/serial-messages.ts";
import type { SessionNotice } from "../../../common/session-notices.ts";
import { ReplayMeter, type Front, type FrontHost } from "./front.ts";
import { NoticeWords } from "../../../common/notice-words.ts";

/** `~` belongs to the ssh client. */
const ESCAPE: EscapeStyle = { character: undefined, conserver: true };
/** A lone Control-E goes to the machine after so long: shells know it as "end of line". */
const SECOND_KEY_MILLISECONDS = 1000;
const REPLAY_LINES = 60;

export class TerminalFront implements Front {
  readonly #host: FrontHost;
  readonly #keys = new EscapeKeys(ESCAPE);
  readonly #words = new NoticeWords(ESCAPE);
  readonly #replay = new ReplayMeter();
  #timer: NodeJS.Timeout | undefined;

  constructor(host: FrontHost) {
    this.#host = host;
  }

  line(bytes: Buffer): void {
    const old = this.#replay.take(bytes.length);
    this.#host.output.write(bytes);
    if (old > 0 && this.#replay.isOver) this.#host.output.remark("what follows is live");
  }

  notice(notice: SerialNotice | SessionNotice): void {
    if (notice.type === "replay") this.#replay.begin(notice.bytes);
    for (const text of this.#words.say(notice)) {
      this.#host.output.remark(text);
    }
  }

  started(): void {
    /* nothing is asked for before the client does */
  }

  typed(bytes: Buffer): void {
    clearTimeout(this.#timer);
    for (const typed of this.#keys.feed(bytes)) {
      if ("bytes" in typed) this.#host.type(typed.bytes);
      else if ("command" in typed) this.#obey(typed.command);
      else this.#host.output.remark("there is no such command, Ctrl-E c ? helps");
    }
    if (this.#keys.holds)
      this.#timer = setTimeout(() => this.#giveUpWaiting(), SECOND_KEY_MILLISECONDS);
  }

  inputEnded(): void {
    this.#host.leave(0);
  }

  closing(words: string): void {
    this.#host.output.remark(words);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #giveUpWaiting(): void {
    for (const typed of this.#keys.flush()) if ("bytes" in typed) this.#host.type(typed.bytes);
  }

  #obey(command: EscapeCommand): void {
    const { output } = this.#host;
    switch (command) {
      case "detach":
        this.#host.leave(0);
        return;
      case "break":
        this.#host.request({ type: "break" });
        output.remark("break sent");
        return;
      case "replay":
        this.#host.request({ type: "replay", lines: REPLAY_LINES });
        return;
      case "who":
        for (const text of this.#words.who()) output.remark(text);
        return;
      case "take_control":
        this.#host.request({ type: "take_control" });
        return;
      case "help":
        for (const text of escapeHelp(ESCAPE)) output.remark(text);
    }
  }
}

/** For `ssh NODE@HOST who`, `replay N` and `break`: says one thing and leaves. */
import type { SerialNotice } from "../../../common/serial-messages.ts";
import type { SessionNotice } from "../../../common/session-notices.ts";
import { ReplayMeter, type Front, type FrontHost } from "./front.ts";
import { NO_ESCAPE } from "../../../common/escape-keys.ts";
import { NoticeWords } from "../../../common/notice-words.ts";

export type SshCommand =
  | { readonly name: "who" }
  | { readonly name: "break" }
  | { readonly name: "replay"; readonly lines: number };

export const COMMANDS_HELP =
  "the commands are who, replay LINES and break; without one you are connected to the machine";

const LONGEST_COMMAND = 64;
const MOST_LINES = 100_000;
const DEFAULT_LINES = 60;
/** For the line to come up, or the scrollback to come. */
const PATIENCE_MILLISECONDS = 10_000;
const LINE_FEED = 0x0a;

/** @returns undefined for what is no command of ours; there is no shell behind it */
export function parseCommand(text: string): SshCommand | undefined {
  if (text.length > LONGEST_COMMAND) return undefined;
  const [name, argument, ...more] = text.trim().split(/\s+/);
  if (more.length > 0) return undefined;
  if ((name === "who" || name === "break") && argument === undefined) return { name };
  if (name !== "replay") return undefined;
  if (argument === undefined) return { name, lines: DEFAULT_LINES };
  return /^\d{1,6}$/.test(argument)
    ? { name, lines: Math.min(Number(argument), MOST_LINES) }
    : undefined;
}

export class CommandFront implements Front {
  readonly #host: FrontHost;
  readonly #command: SshCommand;
  readonly #words = new NoticeWords(NO_ESCAPE);
  readonly #replay = new ReplayMeter();
  #replayBegan = false;
  #pieces: Buffer[] = [];
  #done = false;
  #started = false;
  #connected = false;
  readonly #patience: NodeJS.Timeout;

  constructor(host: FrontHost, command: SshCommand) {
    this.#host = host;
    this.#command = command;
    this.#patience = setTimeout(() => this.#giveUp(), PATIENCE_MILLISECONDS);
  }

  line(bytes: Buffer): void {
    const old = this.#replay.take(bytes.length);
    if (this.#command.name !== "replay" || this.#done || old === 0) return;
    this.#pieces.push(bytes.subarray(0, old));
    if (this.#replay.isOver) this.#showReplay(this.#command.lines);
  }

  notice(notice: SerialNotice | SessionNotice): void {
    const said = this.#words.say(notice);
    if (this.#done) return;
    if (notice.type === "refused") {
      for (const text of said) this.#host.output.aside(text);
      this.#leave(1);
      return;
    }
    const { name } = this.#command;
    if (notice.type === "viewers" && name === "who") {
      for (const text of this.#words.who()) this.#host.output.write(Buffer.from(`${text}\n`));
      this.#leave(0);
    } else if (notice.type === "line") {
      this.#connected = notice.state === "connected";
      this.#breakWhenPossible();
    } else if (notice.type === "replay" && name === "replay" && !this.#replayBegan) {
      this.#replayBegan = true;
      this.#replay.begin(notice.bytes);
      if (notice.bytes === 0) this.#leave(0);
    }
  }

  started(): void {
    this.#started = true;
    this.#breakWhenPossible();
  }

  typed(): void {
    /* a command takes no input */
  }

  inputEnded(): void {
    /* so its end says nothing */
  }

  closing(words: string): void {
    if (!this.#done) this.#host.output.aside(words);
  }

  stop(): void {
    clearTimeout(this.#patience);
  }

  #breakWhenPossible(): void {
    if (this.#command.name !== "break" || !this.#started || !this.#connected || this.#done) return;
    this.#host.request({ type: "break" });
    this.#leave(0);
  }

  #showReplay(lines: number): void {
    const bytes = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#host.output.write(lastLines(bytes, lines));
    this.#leave(0);
  }

  #giveUp(): void {
    if (this.#done) return;
    this.#host.output.aside("the machine's line did not answer in time");
    this.#leave(1);
  }

  #leave(exitStatus: number): void {
    if (this.#done) return;
    this.#done = true;
    this.stop();
    this.#host.leave(exitStatus);
  }
}

/** The end of the bytes from so many lines back; an unfinished last line counts as one. */
export function lastLines(bytes: Buffer, lines: number): Buffer {
  if (lines === 0) return bytes.subarray(bytes.length);
  let end = bytes.length - (bytes.at(-1) === LINE_FEED ? 1 : 0);
  for (let found = 0; found < lines; found += 1) {
    end = bytes.subarray(0, Math.max(end, 0)).lastIndexOf(LINE_FEED);
    if (end === -1) return bytes;
  }
  return bytes.subarray(end + 1);
}

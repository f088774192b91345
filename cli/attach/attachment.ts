/**
 * A terminal, or a pipe, on a machine's serial line: from the first link to the last goodbye, over as
 * many connections as it takes. Restores the terminal on every way out.
 */
import { ApiUnreachable, TemporaryFailure } from "../../common/errors.ts";
import {
  EscapeKeys,
  escapeHelp,
  type EscapeCommand,
  type EscapeStyle,
} from "../../common/escape-keys.ts";
import { NoticeWords, type ToldNotice } from "../../common/notice-words.ts";
import type { CliIo } from "../cli-io.ts";
import type { ClientTls } from "../client-tls.ts";
import { endingError, endingWords } from "./ending-words.ts";
import { PipedInput } from "./piped-input.ts";
import { RawTerminal, type EndSignal } from "./raw-terminal.ts";
import { Screen } from "./screen.ts";
import { ScrollbackFilter } from "./scrollback-filter.ts";
import { SerialConnection, type Ending } from "./serial-connection.ts";

export interface AttachOptions {
  /** Asks for a link. @returns the WebSocket's address, which holds a token */
  readonly link: () => Promise<string>;
  /** Whether a second link is worth asking for. */
  readonly renewable: boolean;
  readonly tls: ClientTls;
  readonly escape: EscapeStyle;
  /** After the end of piped input. */
  readonly lingerSeconds: number;
  readonly asIs: boolean;
  /** Whether what was said before is shown at first. */
  readonly replay: boolean;
}

/** Why the user's side ends it. */
type Leaving = { readonly signal?: EndSignal; readonly error?: Error };

const CTRL_C = 0x03;
const CTRL_E_PATIENCE_MS = 1000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;
const MOST_TRIES = 10;
const REPLAY_LINES = 60;
/** A connection that lived so long was a good one: the count of attempts begins anew. */
const GOOD_MS = 10_000;
/** How long piped input waits for the machine. */
const READY_MS = 30_000;

export class Attachment {
  readonly #io: CliIo;
  readonly #options: AttachOptions;
  readonly #screen: Screen;
  readonly #keys: EscapeKeys;
  readonly #left: Promise<Leaving>;
  #leave: (how: Leaving) => void = () => undefined;
  readonly #timers = new Map<"ctrl_e" | "linger" | "ready", NodeJS.Timeout>();
  #pipe: PipedInput | undefined;
  #connection: SerialConnection | undefined;
  #open = false;
  #everOpen = false;
  #mode: "control" | "view" = "control";
  readonly #words: NoticeWords;
  readonly #scrollback = new ScrollbackFilter();
  /** What to do with the scrollback that comes next. */
  #replay: "show" | "hide" | "continue";
  #leaving = false;

  constructor(io: CliIo, options: AttachOptions) {
    this.#io = io;
    this.#options = options;
    this.#screen = new Screen(io);
    this.#keys = new EscapeKeys(options.escape);
    this.#words = new NoticeWords(options.escape);
    this.#replay = options.replay ? "show" : "hide";
    this.#left = new Promise((resolve) => {
      this.#leave = (how) => {
        this.#leaving = true;
        resolve(how);
      };
    });
  }

  /**
   * @returns the signal that ended it, undefined when the user or a normal closure did
   * @throws {ConsoleServiceError} when the service ended it, or it could not begin
   */
  async run(): Promise<EndSignal | undefined> {
    const terminal = new RawTerminal(this.#io, (signal) => this.#leave({ signal }));
    terminal.enter();
    try {
      this.#listen();
      return await this.#stayAttached();
    } finally {
      for (const timer of this.#timers.values()) clearTimeout(timer);
      this.#pipe?.stop();
      const { stdin } = this.#io;
      stdin.off("data", this.#onKeys);
      stdin.off("end", this.#onHangup);
      stdin.pause();
      await this.#connection?.close();
      terminal.leave();
    }
  }

  #listen(): void {
    const { stdin, stdout } = this.#io;
    stdin.on("error", this.#onHangup);
    stdout.on("error", this.#onHangup);
    if (stdin.isTTY) {
      stdin.on("data", this.#onKeys);
      stdin.on("end", this.#onHangup);
      stdin.resume();
      return;
    }
    this.#pipe = new PipedInput(
      stdin,
      {
        send: (bytes) => this.#connection?.send(bytes),
        waitingBytes: () => this.#connection?.waitingBytes ?? 0,
        onSent: () => this.#after("linger", this.#options.lingerSeconds * 1000, {}),
      },
      { asIs: this.#options.asIs },
    );
    const error = new TemporaryFailure("the machine's serial line is not connected");
    this.#after("ready", READY_MS, { error });
  }

  async #stayAttached(): Promise<EndSignal | undefined> {
    for (let tries = 1; ; tries += 1) {
      const began = performance.now();
      const outcome = await Promise.race([this.#left, this.#oneConnection()]);
      if (!("words" in outcome)) {
        if (outcome.error) throw outcome.error;
        this.#screen.notice("detached");
        return outcome.signal;
      }
      if (performance.now() - began > GOOD_MS) tries = 1;
      const { renewable } = this.#options;
      if (!outcome.again || !renewable || !this.#everOpen || tries >= MOST_TRIES) {
        if (outcome.error) throw outcome.error;
        this.#screen.notice(outcome.words);
        return undefined;
      }
      const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (tries - 1));
      this.#screen.notice(
        `${outcome.words}; connecting again in ${pauseMs / 1000} s (Ctrl-C gives up)`,
      );
      await Promise.race([this.#left, pause(pauseMs, this.#left)]);
    }
  }

  /** From a new link to its end. @throws {ConsoleServiceError} when asking again does not help */
  async #oneConnection(): Promise<{ words: string; again: boolean; error: Error | undefined }> {
    try {
      const url = await this.#options.link();
      if (this.#leaving) return { words: "", again: false, error: undefined };
      this.#connection = new SerialConnection(url, this.#options.tls, {
        onOpen: (speaksNotices) => this.#onOpen(speaksNotices),
        onBytes: (bytes) => this.#onBytes(bytes),
        onNotice: (notice) => this.#onNotice(notice),
      });
      const ending: Ending = await this.#connection.ended;
      return { ...endingWords(ending), error: endingError(ending) };
    } catch (error) {
      const again = error instanceof ApiUnreachable || error instanceof TemporaryFailure;
      if (!again || !this.#everOpen) throw error;
      return { words: "the service does not answer", again, error };
    } finally {
      this.#open = false;
      this.#pipe?.setReady(false);
    }
  }

  #onOpen(speaksNotices: boolean): void {
    this.#open = true;
    if (this.#everOpen) this.#replay = "continue";
    this.#everOpen = true;
    this.#scrollback.reset();
    if (speaksNotices) return;
    this.#screen.notice("attached; this service says nothing about the line");
    this.#setReady(true);
  }

  #onBytes(bytes: Buffer): void {
    this.#screen.write(this.#scrollback.take(bytes));
  }

  #onNotice(notice: ToldNotice): void {
    if (notice.type === "replay") {
      this.#scrollback.begin(notice.bytes, this.#replay);
      this.#replay = "show";
      return;
    }
    if (notice.type === "session") this.#mode = notice.mode;
    if (notice.type === "line") this.#setReady(notice.state === "connected");
    this.#screen.notice(...this.#words.say(notice));
  }

  #setReady(ready: boolean): void {
    if (ready) this.#cancel("ready");
    this.#pipe?.setReady(ready);
  }

  readonly #onHangup = (): void => this.#leave({});

  readonly #onKeys = (chunk: Buffer): void => {
    this.#cancel("ctrl_e");
    for (const typed of this.#keys.feed(chunk)) {
      if ("bytes" in typed) this.#send(typed.bytes);
      else if ("command" in typed) this.#obey(typed.command);
      else this.#screen.notice("there is no such command, ? after the escape helps");
    }
    if (!this.#keys.holds) return;
    const timer = setTimeout(() => {
      for (const typed of this.#keys.flush()) if ("bytes" in typed) this.#send(typed.bytes);
    }, CTRL_E_PATIENCE_MS);
    this.#timers.set("ctrl_e", timer);
  };

  #send(bytes: Buffer): void {
    if (this.#open) this.#connection?.send(bytes);
    else if (bytes.includes(CTRL_C)) this.#leave({});
  }

  #obey(command: EscapeCommand): void {
    switch (command) {
      case "detach":
        return this.#leave({});
      case "help":
        return this.#screen.notice(...escapeHelp(this.#options.escape));
      case "who":
        return this.#screen.notice(...this.#words.who());
      case "break":
        return this.#ask({ type: "break" }, "break");
      case "replay":
        return this.#ask({ type: "replay", lines: REPLAY_LINES }, "replay");
      case "take_control":
        return this.#ask({ type: "take_control" }, "taking over");
    }
  }

  #ask(wish: Parameters<SerialConnection["ask"]>[0], what: string): void {
    if (wish.type !== "replay" && this.#mode === "view")
      return this.#screen.notice(`you are watching only, no ${what}`);
    if (!this.#connection?.ask(wish)) this.#screen.notice(`not possible now: ${what}`);
    else if (wish.type === "break") this.#screen.notice("break asked for");
  }

  #after(name: "linger" | "ready", milliseconds: number, how: Leaving): void {
    this.#timers.set(
      name,
      setTimeout(() => this.#leave(how), milliseconds),
    );
  }

  #cancel(name: "ctrl_e" | "ready"): void {
    clearTimeout(this.#timers.get(name));
  }
}

/** Ends early when somebody leaves, so that no timer is left. */
async function pause(milliseconds: number, left: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const passed = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([passed, left]);
  clearTimeout(timer);
}

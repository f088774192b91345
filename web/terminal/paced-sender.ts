/**
 * Everything that goes to the machine, in one order: keys at once, pasted text no faster than the user
 * chose. Serial ports of firmware hold sixteen bytes and lose the rest without a word, so a paste goes
 * out in small portions. Keys that are pressed during a paste wait behind it, never within.
 */
import { BRACKET_BEGIN, BRACKET_END } from "./paste-text.ts";

export interface Outlet {
  /** False holds a paste back: the line is not there, or the network has not taken what was sent. */
  readonly ready: boolean;
  send(text: string): void;
}

/** The clock and its timers; the browser's own unless a test brings another. */
export interface SenderClock {
  nowMs(): number;
  /** @returns what ends it */
  every(milliseconds: number, tick: () => void): () => void;
}

export interface PasteOptions {
  readonly charactersPerSecond: number;
  /** Waits after each line until the machine has answered. */
  readonly lineByLine: boolean;
  /** Tells the program on the machine that it is a paste. */
  readonly bracketed: boolean;
}

export interface PasteProgress {
  readonly state: "running" | "held" | "done" | "cancelled" | "lost";
  readonly sent: number;
  readonly total: number;
}

interface Paste extends PasteOptions {
  readonly text: string;
  at: number;
  /** Fractions of characters that the next tick may send. */
  budget: number;
  tickedMs: number;
  /** When the last line ended that the machine has not answered. */
  lineEndedMs: number | undefined;
}

const TICK_MS = 20;
/** A tick that comes late, as in a tab in the background, makes up for no more than this. */
const MOST_TICKS_AT_ONCE = 5;
const QUIET_MS = 60;
const LONGEST_WAIT_FOR_ANSWER_MS = 2000;
/** Keys that wait behind a paste. */
const MOST_WAITING_CHARACTERS = 4096;

export class PacedSender {
  readonly #outlet: Outlet;
  readonly #clock: SenderClock;
  readonly #onProgress: (progress: PasteProgress) => void;
  #paste: Paste | undefined;
  #endTicks: (() => void) | undefined;
  #waiting = "";
  #heardMs = -Infinity;

  constructor(outlet: Outlet, clock: SenderClock, onProgress: (progress: PasteProgress) => void) {
    this.#outlet = outlet;
    this.#clock = clock;
    this.#onProgress = onProgress;
  }

  get pasting(): boolean {
    return this.#paste !== undefined;
  }

  /** Keys. @returns false when too many of them wait behind a paste already */
  type(text: string): boolean {
    if (!this.#paste) {
      this.#outlet.send(text);
      return true;
    }
    if (this.#waiting.length + text.length > MOST_WAITING_CHARACTERS) return false;
    this.#waiting += text;
    return true;
  }

  /** @param text as `pasteText` makes it; @returns false while another paste runs */
  paste(text: string, options: PasteOptions): boolean {
    if (this.#paste) return false;
    const nowMs = this.#clock.nowMs();
    this.#paste = { ...options, text, at: 0, budget: 0, tickedMs: nowMs, lineEndedMs: undefined };
    if (options.bracketed) this.#outlet.send(BRACKET_BEGIN);
    this.#endTicks = this.#clock.every(TICK_MS, () => this.#tick());
    this.#report("running");
    return true;
  }

  /** Leaves out the rest of the paste; the keys behind it go out. */
  cancel(): void {
    this.#finish("cancelled");
  }

  /** The machine said something. */
  heard(): void {
    this.#heardMs = this.#clock.nowMs();
  }

  /** The connection is over: nothing of what waits may reach whatever comes next. */
  lose(): void {
    this.#waiting = "";
    this.#end("lost");
  }

  #tick(): void {
    const paste = this.#paste;
    if (!paste) return;
    const nowMs = this.#clock.nowMs();
    const elapsedMs = Math.min(nowMs - paste.tickedMs, TICK_MS * MOST_TICKS_AT_ONCE);
    paste.tickedMs = nowMs;
    if (!this.#outlet.ready) {
      this.#report("held");
      return;
    }
    if (this.#waitsForAnswer(paste, nowMs)) return;
    paste.budget += (elapsedMs / 1000) * paste.charactersPerSecond;
    const portion = nextPortion(paste);
    if (portion === "") return;
    paste.budget -= portion.length;
    paste.at += portion.length;
    if (paste.lineByLine && portion.endsWith("\r")) {
      paste.lineEndedMs = nowMs;
      paste.budget = 0;
    }
    this.#outlet.send(portion);
    if (paste.at >= paste.text.length) this.#finish("done");
    else this.#report("running");
  }

  #waitsForAnswer(paste: Paste, nowMs: number): boolean {
    if (paste.lineEndedMs === undefined) return false;
    const answered = this.#heardMs >= paste.lineEndedMs && nowMs - this.#heardMs >= QUIET_MS;
    if (!answered && nowMs - paste.lineEndedMs < LONGEST_WAIT_FOR_ANSWER_MS) return true;
    paste.lineEndedMs = undefined;
    return false;
  }

  #finish(state: "done" | "cancelled"): void {
    if (!this.#paste) return;
    if (this.#paste.bracketed) this.#outlet.send(BRACKET_END);
    this.#end(state);
    const waiting = this.#waiting;
    this.#waiting = "";
    if (waiting !== "") this.#outlet.send(waiting);
  }

  #end(state: "done" | "cancelled" | "lost"): void {
    if (!this.#paste) return;
    this.#endTicks?.();
    this.#report(state);
    this.#paste = undefined;
  }

  #report(state: PasteProgress["state"]): void {
    const { at, text } = this.#paste!;
    this.#onProgress({ state, sent: at, total: text.length });
  }
}

/** At most what the budget allows, at most one line where lines wait, never half a character. */
function nextPortion({ text, at, budget, lineByLine }: Paste): string {
  const allowed = Math.floor(budget);
  if (allowed < 1) return "";
  let end = Math.min(text.length, at + allowed);
  if (lineByLine) {
    const lineEnd = text.indexOf("\r", at);
    if (lineEnd >= 0) end = Math.min(end, lineEnd + 1);
  }
  const last = text.codePointAt(end - 1) ?? 0;
  return text.slice(at, last > 0xff_ff ? end + 1 : end);
}

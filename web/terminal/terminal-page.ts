/**
 * A serial line on a connection: turns the service's messages and bytes into what the terminal and the
 * page show, and the user's wishes into requests. The only owner of the order in which bytes go out.
 */
import type { ConnectionState } from "../connection.ts";
import { ConnectionKeeper, type Attempt, type Carried } from "../connection-keeper.ts";
import type { ConsoleChannel } from "../console-channel.ts";
import type { ConsoleAddress } from "../launch-parameters.ts";
import type { WarningReason } from "../warnings.ts";
import {
  PacedSender,
  type PasteOptions,
  type PasteProgress,
  type SenderClock,
} from "./paced-sender.ts";
import { detailSentence } from "./line-words.ts";
import { countInWords } from "./paste-text.ts";
import { ReceivedTail } from "./received-tail.ts";
import { ReplayCollector } from "./replay-collector.ts";
import {
  BREAK,
  parseSerialMessage,
  TAKE_CONTROL,
  type Attached,
  type LineState,
  type SerialMessage,
} from "./serial-messages.ts";
import type { TerminalScreen } from "./terminal-screen.ts";
import { answersHere, whyNotTyping, type Refusal } from "./typing-rules.ts";

/** What the page around the terminal shows. */
export interface TerminalParts {
  readonly screen: Pick<TerminalScreen, "write" | "writeReplay" | "remark" | "empty">;
  render(state: ConnectionState, sessionId: string): void;
  session(session: { nodeName: string; viewOnly: boolean }): void;
  line(line: LineState | undefined): void;
  viewers(viewers: readonly Attached[]): void;
  /** Keys went nowhere, and why. */
  refused(refusal: Refusal): void;
  pasteProgress(progress: PasteProgress): void;
  warn(reason: WarningReason, secondsLeft: number): void;
  warningOver(): void;
  forgetLink(): void;
}

const SUB_PROTOCOLS = ["baremetal-console.v1"];
/** A paste waits while more than this has not left the browser. */
const MOST_UNSENT_BYTES = 16 * 1024;
/**
 * The machine's questions are answered this long after a key was pressed here. An answer counts as input;
 * without an end, a program that asks all the time would keep a forgotten session open.
 */
const ANSWERS_AFTER_KEY_MS = 5 * 60_000;

export class TerminalPage {
  readonly connection: ConnectionKeeper;
  readonly #parts: TerminalParts;
  readonly #sender: PacedSender;
  readonly #tail = new ReceivedTail();
  readonly #encoder = new TextEncoder();
  readonly #clock: SenderClock;
  #channel: ConsoleChannel | undefined;
  #sessionId = "";
  #viewOnly = false;
  #line: LineState | undefined;
  #viewers: readonly Attached[] = [];
  #keyMs: number;

  constructor(parts: TerminalParts, address: ConsoleAddress, clock: SenderClock) {
    this.#parts = parts;
    this.#clock = clock;
    this.#keyMs = clock.nowMs();
    this.connection = new ConnectionKeeper({
      address,
      protocols: SUB_PROTOCOLS,
      carry: (channel, attempt) => this.#carry(channel, attempt),
      render: (state) => parts.render(state, this.#sessionId),
      forgetLink: () => parts.forgetLink(),
    });
    const isReady = (): boolean =>
      !this.#whyNotTyping() &&
      this.#line?.state === "connected" &&
      (this.#channel?.waitingBytes ?? 0) < MOST_UNSENT_BYTES;
    this.#sender = new PacedSender(
      {
        get ready() {
          return isReady();
        },
        send: (text) => this.#channel?.send(this.#encoder.encode(text)),
      },
      clock,
      (progress) => parts.pasteProgress(progress),
    );
  }

  takeOver(): void {
    this.connection.sendText(TAKE_CONTROL);
  }

  /** Keys of the user. */
  type(text: string): void {
    if (!this.#allowed()) return;
    this.#keyMs = this.#clock.nowMs();
    if (this.#sender.type(text)) return;
    this.#parts.refused({ words: "Not sent: a paste is still running.", canTakeOver: false });
  }

  /** @param text as `pasteText` makes it */
  paste(text: string, options: PasteOptions): void {
    if (!this.#allowed()) return;
    this.#keyMs = this.#clock.nowMs();
    if (this.#sender.paste(text, options)) return;
    this.#parts.refused({ words: "Not pasted: another paste is running.", canTakeOver: false });
  }

  cancelPaste(): void {
    this.#sender.cancel();
  }

  sendBreak(): void {
    if (this.#allowed()) this.connection.sendText(BREAK);
  }

  /** The machine asks this terminal something now. */
  mayAnswer(): boolean {
    return (
      answersHere(this.#situation()) &&
      !this.#sender.pasting &&
      this.#clock.nowMs() - this.#keyMs < ANSWERS_AFTER_KEY_MS
    );
  }

  /** An answer of the terminal to the machine; nobody pressed a key. */
  answer(text: string): void {
    this.#sender.type(text);
  }

  #allowed(): boolean {
    const refusal = this.#whyNotTyping();
    if (refusal) this.#parts.refused(refusal);
    return !refusal;
  }

  #whyNotTyping(): Refusal | undefined {
    return whyNotTyping(this.#situation());
  }

  #situation() {
    return {
      connected: this.connection.connected,
      viewOnly: this.#viewOnly,
      line: this.#line?.state,
      viewers: this.#viewers,
    };
  }

  #carry(channel: ConsoleChannel, attempt: Attempt): Carried {
    const collector = new ReplayCollector({
      live: (bytes) => this.#live(bytes),
      replay: (bytes) => this.#replay(bytes),
    });
    this.#sessionId = "";
    this.#channel = channel;
    channel.hearBytes((bytes) => collector.push(bytes));
    return {
      text: (text) => {
        const message = parseSerialMessage(text);
        if (message) this.#hear(message, attempt, collector);
      },
      refused: () => {},
      endingOf: () => undefined,
      end: () => {
        channel.hearBytes(undefined);
        this.#sender.lose();
        this.#channel = undefined;
        this.#line = undefined;
        this.#viewers = [];
        this.#parts.warningOver();
        this.#parts.line(undefined);
        this.#parts.viewers([]);
      },
    };
  }

  #hear(message: SerialMessage, attempt: Attempt, collector: ReplayCollector): void {
    switch (message.type) {
      case "session":
        this.#sessionId = message.id;
        this.#viewOnly = message.mode === "view";
        this.#parts.session({ nodeName: message.nodeName, viewOnly: this.#viewOnly });
        break;
      case "state":
        if (message.state === "connected") attempt.connected();
        else attempt.progress(message.state);
        break;
      case "line":
        this.#line = message;
        this.#parts.line(message);
        break;
      case "viewers":
        this.#viewers = message.viewers;
        this.#parts.viewers(message.viewers);
        break;
      case "replay":
        collector.expect(message.bytes);
        break;
      case "gap":
        this.#tail.interrupt();
        this.#parts.screen.remark(
          `${countInWords(message.bytes)} bytes are missing here: this browser was too slow`,
        );
        break;
      case "refused":
        this.#parts.refused({
          words: detailSentence(message) || "The service did not do that.",
          canTakeOver: false,
        });
        break;
      case "warning":
        this.#parts.warn(message.reason, message.secondsLeft);
        break;
      case "warning_over":
        this.#parts.warningOver();
        break;
      case "starting":
      case "bmc":
      case "others":
        break; // of screens
    }
  }

  #live(bytes: Uint8Array<ArrayBuffer>): void {
    this.#sender.heard();
    this.#tail.push(bytes);
    this.#parts.screen.write(bytes);
  }

  /** After a reconnection the terminal has most of it already; only what is new is shown. */
  #replay(bytes: Uint8Array<ArrayBuffer>): void {
    const { kind, fresh } = this.#tail.continuationIn(bytes);
    if (kind === "gap") {
      this.#tail.interrupt();
      this.#parts.screen.remark("some output is missing here: the connection was away too long");
    }
    if (kind === "restart") this.#parts.screen.empty();
    if (fresh.length === 0) return;
    this.#tail.push(fresh);
    this.#parts.screen.writeReplay(fresh);
  }
}

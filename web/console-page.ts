/**
 * Runs the connection: does what each state of connection.ts asks for (open a WebSocket, wait, show,
 * forget the link) and turns what happens into events. The only owner of the WebSocket, the viewer and
 * the retry timer.
 */
import {
  advance,
  INITIAL_STATE,
  type ConnectionEvent,
  type ConnectionState,
} from "./connection.ts";
import { CLOSED_BY_US, ConsoleChannel, SUB_PROTOCOLS } from "./console-channel.ts";
import type { LastFrame } from "./last-frame.ts";
import type { ConsoleAddress } from "./launch-parameters.ts";
import { wordsForEnding, type Ending } from "./reasons.ts";
import { askWhyRefused } from "./refusal.ts";
import { KEEP_OPEN, parseSessionMessage, type SessionMessage } from "./session-messages.ts";
import { Viewer, type RFBClass } from "./viewer.ts";
import type { WarningReason } from "./warnings.ts";

/** What the page around the connection hears and does. */
export interface PageParts {
  readonly stage: HTMLElement;
  readonly lastFrame: LastFrame;
  render(state: ConnectionState, sessionId: string): void;
  session(session: { nodeName: string; viewOnly: boolean }): void;
  clipboard(text: string): void;
  warn(reason: WarningReason, secondsLeft: number): void;
  warningOver(): void;
  /** The link is of no use any more, or the user is done with it. */
  forgetLink(): void;
}

interface Attempt {
  readonly channel: ConsoleChannel;
  readonly viewer: Viewer;
  /** noVNC gave up; the close that follows may say why. */
  viewerFailed: boolean;
}

/** How long a viewer that gave up waits for the service's own reason. */
const REASON_WITHIN_MS = 2000;

export class ConsolePage {
  readonly #parts: PageParts;
  readonly #address: ConsoleAddress;
  readonly #rfbClass: RFBClass;
  #state: ConnectionState = INITIAL_STATE;
  #attempt: Attempt | undefined;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #reasonTimer: ReturnType<typeof setTimeout> | undefined;
  #sessionId = "";
  #viewOnly = false;
  #fit = true;

  constructor(parts: PageParts, address: ConsoleAddress, rfbClass: RFBClass) {
    this.#parts = parts;
    this.#address = address;
    this.#rfbClass = rfbClass;
    this.#render();
  }

  get connected(): boolean {
    return this.#state.phase === "connected";
  }

  get viewOnly(): boolean {
    return this.#viewOnly;
  }

  /** The viewer while the screen is there. */
  get viewer(): Viewer | undefined {
    return this.connected ? this.#attempt?.viewer : undefined;
  }

  set fit(fit: boolean) {
    this.#fit = fit;
    if (this.#attempt) this.#attempt.viewer.fit = fit;
  }

  start(): void {
    this.#open();
  }

  /** The card's button: connects again, or does not wait any longer. */
  connectNow(): void {
    this.#dispatch({ type: this.#state.phase === "waiting" ? "retry" : "connect" });
  }

  /** The browser is on-line again. */
  retryNow(): void {
    this.#dispatch({ type: "retry" });
  }

  disconnect(): void {
    this.#parts.forgetLink();
    this.#end({ kind: "disconnected_by_user" });
  }

  keepOpen(): void {
    this.#attempt?.channel.sendText(KEEP_OPEN);
  }

  #dispatch(event: ConnectionEvent): void {
    const before = this.#state;
    this.#state = advance(before, event, Math.random());
    if (this.#state === before) return;
    clearTimeout(this.#retryTimer);
    this.#render();
    if (event.type === "retry" || event.type === "connect") this.#open();
    this.#act(this.#state);
  }

  #act(state: ConnectionState): void {
    switch (state.phase) {
      case "connected":
        this.#parts.lastFrame.clear();
        break;
      case "waiting":
        this.#retryTimer = setTimeout(() => this.#dispatch({ type: "retry" }), state.delayMs);
        break;
      case "closed":
        if (wordsForEnding(state.ending).aftermath === "forget") this.#parts.forgetLink();
        break;
      case "connecting":
      case "signing_in":
        break;
    }
  }

  #open(): void {
    const { socketUrl, questionUrl } = this.#address;
    this.#sessionId = "";
    const channel = new ConsoleChannel(new WebSocket(socketUrl, SUB_PROTOCOLS), {
      text: (message) => this.#hear(attempt, parseSessionMessage(message)),
      closed: (close) => {
        if (close.opened) {
          this.#endOf(attempt, endingOf(attempt, close));
        } else {
          // Before noVNC hears of it, else it reports a failure of its own.
          attempt.viewer.dispose();
          void this.#askWhy(attempt, questionUrl);
        }
      },
    });
    const attempt: Attempt = {
      channel,
      viewer: this.#view(channel, () => attempt),
      viewerFailed: false,
    };
    this.#attempt = attempt;
  }

  #view(channel: ConsoleChannel, attempt: () => Attempt): Viewer {
    return new Viewer({
      rfbClass: this.#rfbClass,
      target: this.#parts.stage,
      channel,
      fit: this.#fit,
      listener: {
        connected: () => this.#dispatch({ type: "connected", atMs: performance.now() }),
        failed: () => this.#waitForReason(attempt()),
        clipboard: (text) => this.#parts.clipboard(text),
      },
    });
  }

  async #askWhy(attempt: Attempt, questionUrl: string): Promise<void> {
    const ending = await askWhyRefused(questionUrl, (url, options) => fetch(url, options));
    this.#endOf(attempt, ending);
  }

  /**
   * noVNC gives up on the SecurityResult of a failed sign-in, a moment before the service closes the
   * WebSocket and names the reason.
   */
  #waitForReason(attempt: Attempt): void {
    if (this.#attempt !== attempt || attempt.viewerFailed) return;
    attempt.viewerFailed = true;
    attempt.channel.close();
    this.#reasonTimer = setTimeout(
      () => this.#endOf(attempt, { kind: "viewer_failed" }),
      REASON_WITHIN_MS,
    );
  }

  #endOf(attempt: Attempt, ending: Ending): void {
    if (this.#attempt === attempt) this.#end(ending);
  }

  #end(ending: Ending): void {
    const attempt = this.#attempt;
    this.#attempt = undefined;
    clearTimeout(this.#reasonTimer);
    this.#parts.warningOver();
    if (attempt) {
      this.#parts.lastFrame.keep(attempt.viewer.snapshot());
      attempt.viewer.dispose();
      attempt.channel.close();
    }
    this.#dispatch({ type: "ended", ending, atMs: performance.now() });
  }

  #hear(attempt: Attempt, message: SessionMessage | undefined): void {
    if (!message || this.#attempt !== attempt) return;
    switch (message.type) {
      case "session":
        this.#sessionId = message.id;
        this.#viewOnly = message.mode === "view";
        attempt.viewer.viewOnly = this.#viewOnly;
        this.#parts.session({ nodeName: message.nodeName, viewOnly: this.#viewOnly });
        break;
      case "state":
        // "connected" is the viewer's to say: it has the picture's size by then.
        if (message.state !== "connected") {
          this.#dispatch({ type: "progress", state: message.state });
        }
        break;
      case "warning":
        this.#parts.warn(message.reason, message.secondsLeft);
        break;
      case "warning_over":
        this.#parts.warningOver();
        break;
    }
  }

  #render(): void {
    this.#parts.render(this.#state, this.#sessionId);
  }
}

function endingOf(attempt: Attempt, { code, reason }: { code: number; reason: string }): Ending {
  const isEcho = reason === "" || reason === CLOSED_BY_US;
  return attempt.viewerFailed && isEcho
    ? { kind: "viewer_failed" }
    : { kind: "closed", code, reason };
}

/**
 * Keeps a console connected: does what each state of connection.ts asks for (open a WebSocket, wait,
 * show, forget the link) and turns what happens into events. The only owner of the WebSocket and of the
 * retry timer. It does not know what travels: a screen or a serial line.
 */
import {
  advance,
  INITIAL_STATE,
  type ConnectionEvent,
  type ConnectionState,
} from "./connection.ts";
import { ConsoleChannel, type ChannelClose } from "./console-channel.ts";
import type { ConsoleAddress } from "./launch-parameters.ts";
import { wordsForEnding, type Ending } from "./reasons.ts";
import { askWhyRefused } from "./refusal.ts";
import { KEEP_OPEN } from "./session-messages.ts";
import type { Start } from "./start-steps.ts";

/** What one WebSocket carries, from its opening to its end. */
export interface Carried {
  /** A text frame of the service. */
  text(message: string): void;
  /** The WebSocket was refused: comes before `end`. */
  refused(): void;
  /** @returns what to show instead of that close; undefined for the close itself */
  endingOf(close: ChannelClose): Ending | undefined;
  /** The connection is over; nothing is called after it. */
  end(): void;
}

/** What the carried side tells; ignored once its connection is over. */
export interface Attempt {
  progress(state: "connecting" | "authenticating"): void;
  starting(start: Omit<Start, "controllerAnswers">): void;
  controller(answers: boolean): void;
  connected(): void;
  ended(ending: Ending): void;
}

export interface KeeperParts {
  readonly address: ConsoleAddress;
  /** Sub-protocols to offer. */
  readonly protocols: readonly string[];
  carry(channel: ConsoleChannel, attempt: Attempt): Carried;
  render(state: ConnectionState): void;
  /** The link is of no use any more, or the user is done with it. */
  forgetLink(): void;
}

interface Running {
  readonly channel: ConsoleChannel;
  readonly carried: Carried;
}

export class ConnectionKeeper {
  readonly #parts: KeeperParts;
  #state: ConnectionState = INITIAL_STATE;
  #running: Running | undefined;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
  }

  get connected(): boolean {
    return this.#state.phase === "connected";
  }

  start(): void {
    this.#parts.render(this.#state);
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
    this.sendText(KEEP_OPEN);
  }

  /** A message to the service; dropped while there is no connection. */
  sendText(message: string): void {
    this.#running?.channel.sendText(message);
  }

  #dispatch(event: ConnectionEvent): void {
    const before = this.#state;
    this.#state = advance(before, event, Math.random());
    if (this.#state === before) return;
    clearTimeout(this.#retryTimer);
    this.#parts.render(this.#state);
    if (event.type === "retry" || event.type === "connect") this.#open();
    this.#act(this.#state);
  }

  #act(state: ConnectionState): void {
    switch (state.phase) {
      case "waiting":
        this.#retryTimer = setTimeout(() => this.#dispatch({ type: "retry" }), state.delayMs);
        break;
      case "closed":
        if (wordsForEnding(state.ending).aftermath === "forget") this.#parts.forgetLink();
        break;
      case "connecting":
      case "starting":
      case "signing_in":
      case "connected":
        break;
    }
  }

  #open(): void {
    const { socketUrl, questionUrl } = this.#parts.address;
    const socket = new WebSocket(socketUrl, [...this.#parts.protocols]);
    const channel = new ConsoleChannel(socket, {
      text: (message) => {
        if (this.#running === running) running.carried.text(message);
      },
      closed: (close) => {
        if (this.#running !== running) return;
        if (close.opened) {
          const ending = running.carried.endingOf(close) ?? closeEnding(close);
          this.#endOf(running, ending);
        } else {
          running.carried.refused();
          void this.#askWhy(running, questionUrl);
        }
      },
    });
    const running: Running = { channel, carried: this.#carry(channel, () => running) };
    this.#running = running;
  }

  #carry(channel: ConsoleChannel, running: () => Running): Carried {
    const ifCurrent = (event: ConnectionEvent): void => {
      if (this.#running === running()) this.#dispatch(event);
    };
    return this.#parts.carry(channel, {
      progress: (state) => ifCurrent({ type: "progress", state }),
      starting: (start) => ifCurrent({ type: "starting", start }),
      controller: (answers) => ifCurrent({ type: "controller", answers }),
      connected: () => ifCurrent({ type: "connected", atMs: performance.now() }),
      ended: (ending) => this.#endOf(running(), ending),
    });
  }

  async #askWhy(running: Running, questionUrl: string): Promise<void> {
    const ending = await askWhyRefused(questionUrl, (url, options) => fetch(url, options));
    this.#endOf(running, ending);
  }

  #endOf(running: Running, ending: Ending): void {
    if (this.#running === running) this.#end(ending);
  }

  #end(ending: Ending): void {
    const running = this.#running;
    this.#running = undefined;
    if (running) {
      running.carried.end();
      running.channel.close();
    }
    this.#dispatch({ type: "ended", ending, atMs: performance.now() });
  }
}

function closeEnding({ code, reason }: ChannelClose): Ending {
  return { kind: "closed", code, reason };
}

/**
 * A screen on a connection: one noVNC viewer for each WebSocket that connection-keeper.ts opens, and the
 * service's messages for the page around it. The only owner of the viewer.
 */
import type { Others } from "./company.ts";
import type { ConnectionState } from "./connection.ts";
import { ConnectionKeeper, type Attempt, type Carried } from "./connection-keeper.ts";
import { CLOSED_BY_US, type ChannelClose, type ConsoleChannel } from "./console-channel.ts";
import type { LastFrame } from "./last-frame.ts";
import type { ConsoleAddress } from "./launch-parameters.ts";
import type { Ending } from "./reasons.ts";
import { parseSessionMessage, type SessionMessage } from "./session-messages.ts";
import { Viewer, type RFBClass } from "./viewer.ts";
import type { WarningReason } from "./warnings.ts";

const SUB_PROTOCOLS = ["binary", "baremetal-console.v1"];

/** What the page around the connection hears and does. */
export interface PageParts {
  readonly stage: HTMLElement;
  readonly lastFrame: LastFrame;
  render(state: ConnectionState, sessionId: string): void;
  session(session: { nodeName: string; viewOnly: boolean }): void;
  clipboard(text: string): void;
  warn(reason: WarningReason, secondsLeft: number): void;
  warningOver(): void;
  /** Who else is on this machine's screen. */
  others(others: Others, viewOnly: boolean): void;
  /** The link is of no use any more, or the user is done with it. */
  forgetLink(): void;
}

/** How long a viewer that gave up waits for the service's own reason. */
const REASON_WITHIN_MS = 2000;

export class ConsolePage {
  readonly connection: ConnectionKeeper;
  readonly #parts: PageParts;
  readonly #rfbClass: RFBClass;
  #viewer: Viewer | undefined;
  #sessionId = "";
  #viewOnly = false;
  #fit = true;

  constructor(parts: PageParts, address: ConsoleAddress, rfbClass: RFBClass) {
    this.#parts = parts;
    this.#rfbClass = rfbClass;
    this.connection = new ConnectionKeeper({
      address,
      protocols: SUB_PROTOCOLS,
      carry: (channel, attempt) => this.#carry(channel, attempt),
      render: (state) => {
        if (state.phase === "connected") parts.lastFrame.clear();
        parts.render(state, this.#sessionId);
      },
      forgetLink: () => parts.forgetLink(),
    });
  }

  /** The viewer while the screen is there. */
  get viewer(): Viewer | undefined {
    return this.connection.connected ? this.#viewer : undefined;
  }

  set fit(fit: boolean) {
    this.#fit = fit;
    if (this.#viewer) this.#viewer.fit = fit;
  }

  #carry(channel: ConsoleChannel, attempt: Attempt): Carried {
    let failed = false;
    let reasonTimer: ReturnType<typeof setTimeout> | undefined;
    this.#sessionId = "";
    const viewer = new Viewer({
      rfbClass: this.#rfbClass,
      target: this.#parts.stage,
      channel,
      fit: this.#fit,
      listener: {
        connected: () => attempt.connected(),
        clipboard: (text) => this.#parts.clipboard(text),
        // noVNC gives up on the SecurityResult of a failed sign-in, a moment before the service closes
        // the WebSocket and names the reason.
        failed: () => {
          if (failed) return;
          failed = true;
          channel.close();
          reasonTimer = setTimeout(
            () => attempt.ended({ kind: "viewer_failed" }),
            REASON_WITHIN_MS,
          );
        },
      },
    });
    this.#viewer = viewer;
    return {
      text: (message) => this.#hear(viewer, attempt, parseSessionMessage(message)),
      // Before noVNC hears of it, else it reports a failure of its own.
      refused: () => viewer.dispose(),
      endingOf: (close) => (failed ? endingAfterFailure(close) : undefined),
      end: () => {
        clearTimeout(reasonTimer);
        this.#viewer = undefined;
        this.#parts.warningOver();
        this.#parts.others({ controlling: 0, watching: 0 }, this.#viewOnly);
        this.#parts.lastFrame.keep(viewer.snapshot());
        viewer.dispose();
      },
    };
  }

  #hear(viewer: Viewer, attempt: Attempt, message: SessionMessage | undefined): void {
    switch (message?.type) {
      case "session":
        this.#sessionId = message.id;
        this.#viewOnly = message.mode === "view";
        viewer.viewOnly = this.#viewOnly;
        this.#parts.session({ nodeName: message.nodeName, viewOnly: this.#viewOnly });
        break;
      case "state":
        // "connected" is the viewer's to say: it has the picture's size by then.
        if (message.state !== "connected") attempt.progress(message.state);
        break;
      case "starting":
        attempt.starting({
          step: message.step,
          position: message.position,
          sinceMs: performance.now() - message.elapsedMs,
        });
        break;
      case "bmc":
        attempt.controller(message.answers);
        break;
      case "others":
        this.#parts.others(message, this.#viewOnly);
        break;
      case "warning":
        this.#parts.warn(message.reason, message.secondsLeft);
        break;
      case "warning_over":
        this.#parts.warningOver();
        break;
      case undefined:
        break;
    }
  }
}

function endingAfterFailure({ reason }: ChannelClose): Ending | undefined {
  const isEcho = reason === "" || reason === CLOSED_BY_US;
  return isEcho ? { kind: "viewer_failed" } : undefined;
}

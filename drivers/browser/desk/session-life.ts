/**
 * The states of one browser session and what leads from one to the next: nothing but decisions, and the
 * timers they need. Who acts on them is session.ts.
 *
 *   queue → launch → reach → login → viewer → picture → shown ⇄ lingering → ending → ended
 */
import { START_STEPS, type StartStep } from "../../../common/console-prelude.ts";
import type { Scheduler } from "./scheduler.ts";

export type SessionState = StartStep | "shown" | "lingering" | "ending" | "ended";

/** A reload of the page takes a second; a place in the queue is not kept for longer. */
const QUEUE_LINGER_MS = 10_000;

export interface SessionLifeOptions {
  readonly scheduler: Scheduler;
  /** After the last viewer has left; null stays until it is told to end. */
  readonly lingerMs: number | null;
  /** Called once, when it is time to end. */
  readonly onEnd: (reason: string) => void;
  readonly onState?: (state: SessionState) => void;
}

export class SessionLife {
  readonly #options: SessionLifeOptions;
  readonly #begunAt: number;
  #state: SessionState = "queue";
  #viewers = 0;
  #callOff: (() => void) | undefined;
  #endReason: string | undefined;

  constructor(options: SessionLifeOptions) {
    this.#options = options;
    this.#begunAt = options.scheduler.now();
  }

  get state(): SessionState {
    return this.#state;
  }

  get viewers(): number {
    return this.#viewers;
  }

  /** Why it ends; undefined while it does not. */
  get endReason(): string | undefined {
    return this.#endReason;
  }

  get isStarting(): boolean {
    return isStep(this.#state);
  }

  /** The step it is at, or was at when it began to end. */
  get step(): StartStep {
    return this.#step;
  }
  #step: StartStep = "queue";

  elapsedMs(): number {
    return Math.round(this.#options.scheduler.now() - this.#begunAt);
  }

  /** A step begins. They come in order; a shown viewer may be opened again. */
  begin(step: StartStep): void {
    const again = step === "viewer" && (this.#state === "shown" || this.#state === "lingering");
    const forward = isStep(this.#state) && indexOf(step) >= indexOf(this.#state);
    if (!again && !forward) return;
    this.#step = step;
    this.#enter(step);
    this.#watchForViewers();
  }

  /** The picture is there. */
  shown(): void {
    if (!isStep(this.#state)) return;
    this.#enter("shown");
    this.#watchForViewers();
  }

  viewerCame(): void {
    this.#viewers += 1;
    this.#callOff?.();
    this.#callOff = undefined;
    if (this.#state === "lingering") this.#enter("shown");
  }

  viewerLeft(): void {
    this.#viewers -= 1;
    this.#watchForViewers();
  }

  /** Ends it; the first reason counts. */
  end(reason: string): void {
    if (this.#state === "ending" || this.#state === "ended") return;
    this.#callOff?.();
    this.#callOff = undefined;
    this.#endReason = reason;
    this.#enter("ending");
    this.#options.onEnd(reason);
  }

  /** Everything is gone. */
  ended(): void {
    this.#callOff?.();
    this.#callOff = undefined;
    this.#enter("ended");
  }

  #watchForViewers(): void {
    this.#callOff?.();
    this.#callOff = undefined;
    const lingerMs = this.#options.lingerMs;
    if (lingerMs === null || this.#viewers > 0) return;
    if (this.#state === "ending" || this.#state === "ended") return;
    if (this.#state === "shown") this.#enter("lingering");
    const waitMs = this.#state === "queue" ? Math.min(lingerMs, QUEUE_LINGER_MS) : lingerMs;
    this.#callOff = this.#options.scheduler.after(waitMs, () =>
      this.end("nobody watches any more"),
    );
  }

  #enter(state: SessionState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#options.onState?.(state);
  }
}

function isStep(state: SessionState): state is StartStep {
  return (START_STEPS as readonly string[]).includes(state);
}

function indexOf(step: StartStep): number {
  return START_STEPS.indexOf(step);
}

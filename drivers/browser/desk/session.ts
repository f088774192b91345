/**
 * One browser session of one node, from the wish for it to its end, and the viewers that it has meanwhile.
 * Everyone who comes while it starts hears how far it is; everyone who is there when the picture comes gets
 * it. What it took is given back whatever happens.
 */
import type { Duplex } from "node:stream";
import type { PreludeMessage } from "../../../common/console-prelude.ts";
import type { Recipe } from "../../../common/console-recipe/recipe.ts";
import { ConsoleError, PageError, messageOf, type ConsoleFailure } from "../../base.ts";
import { abortable } from "./abortable.ts";
import { SessionLife } from "./session-life.ts";
import { startFailureOf } from "./start-failure.ts";
import { HeldSession, type StartDeps, type StartWish } from "./start-session.ts";
import { Viewer } from "./viewer.ts";

/** How often the BMC's reachability is asked for while a start goes on. */
const REACH_INTERVAL_MS = 10_000;
/** A viewer that goes astray twice within this is beyond help. */
const STRAY_AGAIN_MS = 60_000;

export interface SessionWish extends StartWish {
  /** Null stays until it is told to end. */
  readonly lingerMs: number | null;
  /** Waits for this before it begins: a node has one session at a time. */
  readonly after: Promise<void>;
  readonly onRecognised: (recipe: Recipe) => void;
  readonly onShown: () => void;
  /** @param whileStarting false for one that had shown its picture */
  readonly onFailure: (failure: ConsoleFailure, whileStarting: boolean) => Promise<void>;
}

export class BrowserSession {
  /** Resolves when everything is gone. Never rejects. */
  readonly finished: Promise<void>;
  /** Resolves with the first picture; with the failure when there will be none. Never rejects. */
  readonly started: Promise<ConsoleFailure | undefined>;
  readonly #deps: StartDeps;
  readonly #wish: SessionWish;
  readonly #life: SessionLife;
  readonly #held: HeldSession;
  readonly #abort = new AbortController();
  readonly #viewers = new Set<Viewer>();
  #begun!: (failure: ConsoleFailure | undefined) => void;
  #position: number | undefined;
  #bmcAnswers: boolean | undefined;
  #strayed: (why: string) => void = () => undefined;
  #holdsInput = false;
  #strayedAt = Number.NEGATIVE_INFINITY;
  readonly #callOffs = new Set<() => void>();
  #callOffLimit: () => void = () => undefined;

  constructor(deps: StartDeps, wish: SessionWish) {
    this.#deps = deps;
    this.#wish = wish;
    this.started = new Promise((resolve) => (this.#begun = resolve));
    this.#life = new SessionLife({
      scheduler: deps.parts.scheduler,
      lingerMs: wish.lingerMs,
      onEnd: (reason) => this.#abort.abort(new ConsoleError(`the session ends: ${reason}`)),
    });
    this.#held = new HeldSession(deps, wish, {
      begin: (step) => this.#begin(step),
      position: (position) => {
        this.#position = position;
        this.#tellStep();
      },
      bmcAnswers: (answers) => this.#sayBmc(answers),
      recognised: (recipe) => wish.onRecognised(recipe),
      framed: (framed) => this.#holdInput(!framed),
      stray: (why) => {
        this.#holdInput(true);
        this.#strayed(why);
      },
    });
    this.finished = this.#live();
  }

  get id(): string {
    return this.#held.id;
  }

  get state(): SessionLife["state"] {
    return this.#life.state;
  }

  /** False once nobody can be let in any more. */
  get isOpen(): boolean {
    return this.#life.state !== "ending" && this.#life.state !== "ended";
  }

  get hasFile(): boolean {
    return this.#held.hasFile;
  }

  /** What the recipe has done so far. */
  get steps(): HeldSession["steps"] {
    return this.#held.steps;
  }

  /** Of what is shown now. */
  screenshot(): Promise<Uint8Array | null> {
    return this.#held.screenshot();
  }

  attach(connection: Duplex): void {
    if (!this.isOpen) return void connection.destroy();
    const viewer = new Viewer(connection, () => {
      this.#viewers.delete(viewer);
      this.#life.viewerLeft();
    });
    this.#viewers.add(viewer);
    viewer.holdInput(this.#holdsInput);
    this.#life.viewerCame();
    if (this.#life.isStarting) {
      viewer.tell(this.#stepMessage());
      if (this.#bmcAnswers !== undefined) viewer.tell({ type: "bmc", answers: this.#bmcAnswers });
    } else this.#join(viewer);
  }

  /** Logs out and ends it; resolves when everything is gone. */
  async end(reason: string): Promise<void> {
    this.#life.end(reason);
    await this.finished;
  }

  async #live(): Promise<void> {
    // So that whoever made this has it before anything happens.
    await this.#wish.after;
    try {
      await this.#start();
      await this.#stayShown();
    } catch (error) {
      await this.#failed(error).catch((cause: unknown) => {
        this.#deps.log.error("a failure could not be told", { reason: messageOf(cause) });
      });
    }
    for (const callOff of this.#callOffs) callOff();
    this.#life.end("over");
    for (const viewer of this.#viewers) viewer.close();
    await this.#held.end();
    this.#life.ended();
    this.#begun(undefined);
  }

  async #start(): Promise<void> {
    const { signal } = this.#abort;
    signal.throwIfAborted();
    this.#repeatReach();
    await this.#held.start(signal);
    this.#shown();
  }

  #shown(): void {
    this.#life.shown();
    this.#callOffLimit();
    this.#holdInput(false);
    for (const viewer of this.#viewers) this.#join(viewer);
    this.#wish.onShown();
    this.#begun(undefined);
  }

  /** Until the browser is gone, the viewer is beyond help, or it is time to end. */
  async #stayShown(): Promise<void> {
    const { signal } = this.#abort;
    this.#repeatKeepAlive();
    const lost = this.#held.launched?.lost ?? Promise.resolve("there is no browser");
    for (;;) {
      const stray = new Promise<{ why: string }>((resolve) => {
        this.#strayed = (why) => resolve({ why });
      });
      const happened = await abortable(Promise.race([lost, stray]), signal);
      if (typeof happened === "string")
        throw new PageError("browser", `the browser ended: ${happened}`);
      await this.#bringBack(happened.why, signal);
    }
  }

  /** What is behind the viewer is covered before anybody could see it; then the viewer is opened once more. */
  async #bringBack(why: string, signal: AbortSignal): Promise<void> {
    const { scheduler } = this.#deps.parts;
    await this.#held.launched?.kiosk.cover();
    const now = scheduler.now();
    const again = now - this.#strayedAt < STRAY_AGAIN_MS;
    this.#strayedAt = now;
    this.#deps.log.warn("the viewer went astray", { reason: why, again });
    if (again) throw new PageError("unexpected_page", `the viewer went astray twice: ${why}`);
    this.#limitStart();
    await this.#held.openViewer(signal);
    this.#shown();
  }

  #begin(step: SessionLife["step"]): void {
    const before = this.#life.state;
    this.#life.begin(step);
    if (step === "launch") this.#limitStart();
    if (this.#life.state !== before) this.#tellStep();
  }

  /** From the launch to the picture. */
  #limitStart(): void {
    const seconds = this.#deps.parts.config.browser.start_timeout;
    this.#callOffLimit();
    this.#callOffLimit = this.#after(seconds * 1000, () => {
      if (!this.#life.isStarting) return;
      this.#abort.abort(
        new ConsoleError(
          `step ${this.#life.step} was not over when the start had taken ${seconds} s`,
        ),
      );
    });
  }

  #repeatReach(): void {
    this.#after(REACH_INTERVAL_MS, () => {
      if (!this.#life.isStarting) return;
      this.#repeatReach();
      if (this.#life.step === "queue") return;
      void this.#askBmc();
    });
  }

  async #askBmc(): Promise<void> {
    const answers = await this.#held.answers(this.#abort.signal);
    if (this.#life.isStarting) this.#sayBmc(answers);
  }

  #repeatKeepAlive(): void {
    const seconds = this.#held.keepAliveSeconds;
    if (seconds === 0) return;
    this.#after(seconds * 1000, () => {
      void this.#keepAlive();
    });
  }

  async #keepAlive(): Promise<void> {
    await this.#held.keepAlive(this.#abort.signal);
    if (this.isOpen) this.#repeatKeepAlive();
  }

  /** @returns what calls it off before the session's end does */
  #after(milliseconds: number, work: () => void): () => void {
    const callOff = this.#deps.parts.scheduler.after(milliseconds, () => {
      this.#callOffs.delete(callOff);
      work();
    });
    this.#callOffs.add(callOff);
    return callOff;
  }

  async #failed(error: unknown): Promise<void> {
    // Told to end: nothing went wrong.
    if (this.#life.endReason !== undefined) return;
    const { step } = this.#life;
    const { failure, message } = startFailureOf(error, step, this.#held.gateFailure);
    this.#deps.log.warn("a browser session failed", { step, failure, reason: message });
    const found: ConsoleFailure = {
      at: Date.now(),
      step,
      failure,
      message,
      screenshot: await this.#held.screenshot(),
      pageUrl: this.#held.pageUrl(),
    };
    for (const viewer of this.#viewers) viewer.fail(step, failure);
    this.#viewers.clear();
    const kept = this.#wish.onFailure(found, this.#life.isStarting);
    // Whoever comes from now on is not this session's.
    this.#life.end("it failed");
    try {
      await kept;
    } finally {
      this.#begun(found);
    }
  }

  /** Nobody may work blindly in what is behind the cover: the BMC's menus, with the operator's rights. */
  #holdInput(holds: boolean): void {
    this.#holdsInput = holds;
    for (const viewer of this.#viewers) viewer.holdInput(holds);
  }

  #join(viewer: Viewer): void {
    const process = this.#held.launched?.process;
    if (!process) return viewer.close();
    void viewer.join(() => process.dialRfb());
  }

  #sayBmc(answers: boolean): void {
    this.#bmcAnswers = answers;
    this.#tell({ type: "bmc", answers });
  }

  #tellStep(): void {
    this.#tell(this.#stepMessage());
  }

  #stepMessage(): PreludeMessage {
    const { step } = this.#life;
    const elapsedMs = this.#life.elapsedMs();
    const position = step === "queue" ? this.#position : undefined;
    return { type: "step", step, elapsedMs, ...(position !== undefined && { position }) };
  }

  #tell(message: PreludeMessage): void {
    for (const viewer of this.#viewers) viewer.tell(message);
  }
}

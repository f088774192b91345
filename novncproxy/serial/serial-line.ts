/**
 * One serial line, held for one node: keeps a connection to it, dials again when it is lost, keeps the
 * scrollback, and passes bytes between the machine and everybody who is attached. A line in trouble
 * never sends its viewers away.
 *
 * Knows nothing of leases: whoever owns it says when it may dial, and when it ends.
 */
import type { Clock } from "../../common/clock.ts";
import type { ClosedReason } from "../../common/closed-reason.ts";
import type { StoredConsoleEndpoint } from "../../common/console-endpoint.ts";
import type { Logger } from "../../common/log.ts";
import type { SerialNotice, SerialRequest } from "../../common/serial-messages.ts";
import { LineAudience, type LineViewer, type WriterPolicy } from "./line-audience.ts";
import { LineBackOff } from "./line-back-off.ts";
import { LineChunk } from "./line-chunk.ts";
import type { LineLoss } from "./line-dialect.ts";
import { LineInput } from "./line-input.ts";
import { LineLink, type LinkEnvironment, type LinkListener } from "./line-link.ts";
import type { LineRecorder } from "./line-recorder.ts";
import { LineJournal, lineNotice, type LineStatus } from "./line-status.ts";
import { Scrollback } from "./scrollback.ts";

export interface LineSettings {
  /** [console]replay_lines and replay_bytes. */
  readonly replayLines: number;
  readonly replayBytes: number;
  readonly writers: WriterPolicy;
  readonly reconnectMilliseconds: number;
}

/** What all lines of a proxy share. */
export interface LineEnvironment extends LinkEnvironment {
  readonly clock: Clock;
  readonly log: Logger;
  readonly settings: LineSettings;
}

export interface LineOwner {
  /** The status changed. */
  onLineStatus(line: SerialLine): void;
  /** A place among those that may dial at the same time; given back by the returned function. */
  takeDialPlace(line: SerialLine): Promise<() => void>;
}

/** On top of the scrollback, what may wait for a viewer before it misses bytes. */
const LIVE_BYTES = 256 * 1024;
/** Passed on in one piece. */
const CHUNK_BYTES = 64 * 1024;
/** How long the other end may take to have the line. */
const OPERATIONAL_MILLISECONDS = 60_000;
/** Least time between two lists of viewers: each costs as many messages as there are viewers. */
const VIEWERS_MILLISECONDS = 200;
const NO_BREAK = "this machine's serial line cannot send a break";
const NOT_CONNECTED = "the serial line is not connected";
const NOT_WRITING = "you are not the one who types now";

export class SerialLine implements LinkListener {
  readonly nodeUuid: string;
  /** When the last viewer left, or the line began; milliseconds since the epoch. */
  idleSince: number;
  readonly #environment: LineEnvironment;
  readonly #owner: LineOwner;
  readonly #recorder: LineRecorder | undefined;
  readonly #journal: LineJournal;
  readonly #audience: LineAudience;
  readonly #input = new LineInput();
  #scrollback: Scrollback;
  #historySince = 0;
  readonly #backOff: LineBackOff;
  #endpoint: StoredConsoleEndpoint;
  #status: LineStatus;
  #link: LineLink | undefined;
  #retry: NodeJS.Timeout | undefined;
  #dialledAt = 0;
  #giveDialPlace: (() => void) | undefined;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #viewersChanged = false;
  /** Runs after everybody was told. */
  #viewersPause: NodeJS.Timeout | undefined;
  #queued = false;
  #ended = false;

  constructor(
    nodeUuid: string,
    endpoint: StoredConsoleEndpoint,
    environment: LineEnvironment,
    owner: LineOwner,
    recorder?: LineRecorder,
  ) {
    const now = environment.clock.now();
    const { settings } = environment;
    this.nodeUuid = nodeUuid;
    this.idleSince = now;
    this.#endpoint = endpoint;
    this.#environment = environment;
    this.#owner = owner;
    this.#recorder = recorder;
    this.#journal = new LineJournal(nodeUuid, environment.log, recorder);
    this.#audience = new LineAudience(settings.writers, settings.replayBytes + LIVE_BYTES);
    this.#scrollback = new Scrollback(settings.replayBytes);
    this.#backOff = new LineBackOff(settings.reconnectMilliseconds);
    this.#status = { state: "idle", words: null, detail: null, since: now, retryAt: null };
  }

  get status(): LineStatus {
    return this.#status;
  }

  get viewers(): number {
    return this.#audience.size;
  }

  get endpoint(): StoredConsoleEndpoint {
    return this.#endpoint;
  }

  /** True when nothing will come of it any more. */
  get ended(): boolean {
    return this.#ended;
  }

  /* ---- the connection ---------------------------------------------------------------------- */

  /** Dials, unless it does already. */
  open(): void {
    if (this.#ended || this.#status.state !== "idle") return;
    this.#setStatus({ state: "connecting" });
    void this.#dial();
  }

  /** @param history what an earlier proxy or run saw of this line */
  remember(history: Uint8Array): void {
    if (this.#scrollback.length === 0) this.#scrollback.push(history);
  }

  /** What was said before this time is not for those who come now. Milliseconds since the epoch. */
  forgetBefore(time: number): void {
    if (time <= this.#historySince) return;
    this.#historySince = time;
    this.#flush();
    this.#scrollback = new Scrollback(this.#environment.settings.replayBytes);
  }

  /** The console was started anew: dials where it is now, at once. */
  setEndpoint(endpoint: StoredConsoleEndpoint): void {
    this.#endpoint = endpoint;
    if (this.#ended || this.#status.state === "idle") return;
    this.#hangUp();
    this.#backOff.reset();
    this.#setStatus({ state: this.#status.state === "connecting" ? "connecting" : "reconnecting" });
    void this.#dial();
  }

  /** Hangs up until `open`. */
  suspend(): void {
    if (this.#ended || this.#status.state === "idle") return;
    this.#flush();
    this.#hangUp();
    this.#setStatus({ state: "idle" });
  }

  /** Lets the line go. @param reason told to those who are still attached, who then leave */
  close(reason?: ClosedReason): void {
    if (this.#ended) return;
    this.suspend();
    this.#ended = true;
    clearTimeout(this.#viewersPause);
    if (reason) for (const viewer of this.#audience.viewers) viewer.end(reason);
  }

  async #dial(): Promise<void> {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    const giveBack = await this.#owner.takeDialPlace(this);
    if (this.#ended || this.#link || this.#retry) {
      giveBack();
      return;
    }
    this.#giveDialPlace = giveBack;
    this.#dialledAt = this.#environment.clock.now();
    this.#link = new LineLink(this.nodeUuid, this.#endpoint, this.#environment, this);
    if (this.#status.retryAt !== null) this.#setStatus({ ...this.#status, retryAt: null });
  }

  #hangUp(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#link?.destroy();
    this.#link = undefined;
    this.#dialDone();
    this.#input.stop();
  }

  #dialDone(): void {
    this.#giveDialPlace?.();
    this.#giveDialPlace = undefined;
  }

  onOperational(): void {
    this.#dialDone();
    this.#backOff.connected(this.#environment.clock.now());
    this.#setStatus({ state: "connected" });
    if (this.#link) this.#input.start(this.#link, this.#link.settleMilliseconds);
  }

  onLost(loss: LineLoss): void {
    this.#flush();
    this.#hangUp();
    const now = this.#environment.clock.now();
    const pause = this.#backOff.lost(now, loss.kind);
    this.#setStatus({
      state: loss.kind === "taken" ? "taken" : "reconnecting",
      words: loss.words,
      detail: loss.detail,
      retryAt: now + pause,
    });
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      void this.#dial();
    }, pause);
  }

  /** Called about once a second. */
  sweep(now: number): void {
    if (this.#link && this.#status.state !== "connected") this.#checkDial(now, this.#link);
    if (this.#input.sweep(now))
      this.#journal.note(this.#status.state, "the line took no input for a minute, it was dropped");
    this.#audience.tellAgain();
  }

  #checkDial(now: number, link: LineLink): void {
    if (now - this.#dialledAt < OPERATIONAL_MILLISECONDS) return;
    link.destroy();
    this.onLost({
      kind: "lost",
      words: "the machine's serial line does not come up",
      detail: `the line was not up after ${OPERATIONAL_MILLISECONDS / 1000} seconds`,
    });
  }

  /* ---- from the machine -------------------------------------------------------------------- */

  onLineBytes(bytes: Buffer): void {
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    if (this.#pendingBytes >= CHUNK_BYTES) this.#flush();
    else this.#queue();
  }

  onNextTurn(): void {
    this.#queued = false;
    this.#flush();
    if (!this.#viewersChanged || this.#viewersPause) return;
    this.#viewersChanged = false;
    this.#audience.tellViewers();
    this.#viewersPause = setTimeout(() => {
      this.#viewersPause = undefined;
      if (this.#viewersChanged) this.#queue();
    }, VIEWERS_MILLISECONDS);
  }

  /** What comes in one turn of the event loop leaves as one piece. */
  #queue(): void {
    if (this.#queued) return;
    this.#queued = true;
    this.#environment.turns.push(this);
  }

  #flush(): void {
    if (this.#pendingBytes === 0) return;
    const [first] = this.#pending;
    const bytes = this.#pending.length === 1 && first ? first : Buffer.concat(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#scrollback.push(bytes);
    this.#recorder?.write(bytes);
    this.#audience.send(new LineChunk(bytes));
  }

  /* ---- viewers ----------------------------------------------------------------------------- */

  /** Shows the line to one more: its state, the scrollback, and from there on everything. */
  attach(viewer: LineViewer): void {
    this.#flush();
    this.#audience.add(viewer);
    viewer.tenant.notice(this.#notice());
    this.#audience.tellViewersTo(viewer);
    this.#replay(viewer, this.#environment.settings.replayLines);
    this.#changedViewers();
    this.open();
  }

  detach(viewer: LineViewer): void {
    if (!this.#audience.remove(viewer)) return;
    this.#input.forget(viewer);
    if (this.#audience.size === 0) this.idleSince = this.#environment.clock.now();
    this.#changedViewers();
  }

  /** What somebody typed; nothing happens when it is not their turn. @returns bytes that will be written */
  type(viewer: LineViewer, bytes: Buffer): number {
    if (!this.#audience.mayWrite(viewer)) return 0;
    if (this.#status.state === "connected") this.#input.push(viewer, bytes);
    else if (this.#status.state === "connecting") this.#input.pushEarly(viewer, bytes);
    else return 0;
    return bytes.length;
  }

  ask(viewer: LineViewer, request: Exclude<SerialRequest, { type: "keep_open" }>): void {
    if (request.type === "take_control") {
      if (this.#audience.takeControl(viewer)) this.#changedViewers();
    } else if (request.type === "replay")
      this.#replay(viewer, Math.min(request.lines, this.#environment.settings.replayLines));
    else this.#sendBreak(viewer);
  }

  #sendBreak(viewer: LineViewer): void {
    const link = this.#status.state === "connected" ? this.#link : undefined;
    let detail: string | undefined;
    if (!this.#audience.mayWrite(viewer)) detail = NOT_WRITING;
    else if (!link) detail = NOT_CONNECTED;
    else if (!this.#input.sendBreak(link)) detail = NO_BREAK;
    if (detail !== undefined) viewer.tenant.notice({ type: "refused", request: "break", detail });
  }

  #replay(viewer: LineViewer, lines: number): void {
    this.#flush();
    if (viewer.tenant.waitingBytes > LIVE_BYTES || this.#audience.isBehind(viewer)) return;
    const replay = this.#scrollback.tail(lines);
    viewer.tenant.notice({ type: "replay", bytes: replay.bytes.length, lines: replay.lines });
    if (replay.bytes.length > 0) this.#audience.sendTo(viewer, new LineChunk(replay.bytes));
  }

  #changedViewers(): void {
    this.#viewersChanged = true;
    this.#queue();
  }

  /* ---- status ------------------------------------------------------------------------------ */

  #setStatus(change: Partial<LineStatus> & Pick<LineStatus, "state">): void {
    const before = this.#status;
    const since = change.state === before.state ? before.since : this.#environment.clock.now();
    this.#status = { words: null, detail: null, retryAt: null, ...change, since };
    this.#audience.tellLine(this.#notice());
    this.#journal.noteChange(before, this.#status);
    this.#owner.onLineStatus(this);
  }

  #notice(): SerialNotice {
    return lineNotice(this.#status, this.#environment.clock.now());
  }
}

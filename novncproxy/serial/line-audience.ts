/**
 * Everybody who watches one line: passes the machine's bytes on, tells who is there and who may type,
 * and lets slow viewers miss bytes instead of waiting for them. What it keeps for a viewer is bounded.
 */
import type { ClosedReason } from "../../common/closed-reason.ts";
import type { SerialNotice, SerialViewer } from "../../common/serial-messages.ts";
import type { SessionMode } from "../../db/database.ts";
import type { LineChunk } from "./line-chunk.ts";
import type { SerialTenant } from "./serial-tenant.ts";

/** One session, as its line sees it. */
export interface LineViewer {
  readonly id: string;
  readonly user: string | null;
  readonly via: SerialViewer["via"];
  readonly mode: SessionMode;
  /** When it attached, milliseconds since the epoch. */
  readonly since: number;
  readonly tenant: SerialTenant;
  /** Counts bytes that were sent to it. */
  noteSent(bytes: number): void;
  /** The line is not here any more. */
  end(reason: ClosedReason): void;
}

export type WriterPolicy = "many" | "one";

interface Seat {
  readonly viewer: LineViewer;
  /** Gets nothing until it has taken what waits for it. */
  behind: boolean;
  missedBytes: number;
  /** Notices that were left out because too much waited. */
  owes: Set<"line" | "viewers">;
}

export class LineAudience {
  readonly #writers: WriterPolicy;
  readonly #mostWaiting: number;
  readonly #seats = new Map<LineViewer, Seat>();
  /** With one writer: who it is. */
  #writer: LineViewer | undefined;
  #line: SerialNotice | undefined;

  /** @param mostWaiting bytes that may wait for a viewer; above, it misses what comes */
  constructor(writers: WriterPolicy, mostWaiting: number) {
    this.#writers = writers;
    this.#mostWaiting = mostWaiting;
  }

  get size(): number {
    return this.#seats.size;
  }

  /** Everybody, in a list of its own: they may leave while it is gone through. */
  get viewers(): readonly LineViewer[] {
    return [...this.#seats.keys()];
  }

  /** Everything sent afterwards reaches the viewer. Tell `viewers` when all is said to it. */
  add(viewer: LineViewer): void {
    this.#seats.set(viewer, { viewer, behind: false, missedBytes: 0, owes: new Set() });
    if (viewer.mode === "control") this.#writer ??= viewer;
  }

  /** @returns true when it was there */
  remove(viewer: LineViewer): boolean {
    if (!this.#seats.delete(viewer)) return false;
    if (this.#writer === viewer)
      this.#writer = [...this.#seats.keys()].find(({ mode }) => mode === "control");
    return true;
  }

  /** True while it misses bytes. */
  isBehind(viewer: LineViewer): boolean {
    return this.#seats.get(viewer)?.behind ?? false;
  }

  mayWrite(viewer: LineViewer): boolean {
    if (viewer.mode !== "control" || !this.#seats.has(viewer)) return false;
    return this.#writers === "many" || this.#writer === viewer;
  }

  /** @returns true when that changed something */
  takeControl(viewer: LineViewer): boolean {
    if (this.mayWrite(viewer) || viewer.mode !== "control" || !this.#seats.has(viewer))
      return false;
    this.#writer = viewer;
    return true;
  }

  /** The same memory for everybody who keeps up. */
  send(chunk: LineChunk): void {
    for (const seat of this.#seats.values())
      if (seat.behind) seat.missedBytes += chunk.length;
      else this.#sendTo(seat, chunk);
  }

  /** To one of them, for scrollback. */
  sendTo(viewer: LineViewer, chunk: LineChunk): void {
    const seat = this.#seats.get(viewer);
    if (seat && !seat.behind) this.#sendTo(seat, chunk);
  }

  /** Tells everybody what the line does. */
  tellLine(notice: SerialNotice): void {
    this.#line = notice;
    for (const seat of this.#seats.values()) this.#tellLine(seat);
  }

  /** Tells one of them who is there. */
  tellViewersTo(viewer: LineViewer): void {
    const seat = this.#seats.get(viewer);
    if (seat) this.#tellViewers(seat);
  }

  /** Tells everybody who is there. */
  tellViewers(): void {
    for (const seat of this.#seats.values()) this.#tellViewers(seat);
  }

  /** Says what was left out when it should have been said. */
  tellAgain(): void {
    for (const seat of this.#seats.values()) this.#tellOwed(seat);
  }

  #sendTo(seat: Seat, chunk: LineChunk): void {
    const { viewer } = seat;
    viewer.tenant.send(chunk);
    viewer.noteSent(chunk.length);
    if (viewer.tenant.waitingBytes <= this.#mostWaiting) return;
    seat.behind = true;
    viewer.tenant.whenTaken(() => this.#catchUp(seat));
  }

  #catchUp(seat: Seat): void {
    if (this.#seats.get(seat.viewer) !== seat) return;
    seat.behind = false;
    const bytes = seat.missedBytes;
    seat.missedBytes = 0;
    if (bytes > 0) seat.viewer.tenant.notice({ type: "gap", bytes });
    this.#tellOwed(seat);
  }

  #tellOwed(seat: Seat): void {
    if (seat.owes.size === 0) return;
    if (seat.owes.delete("line")) this.#tellLine(seat);
    if (seat.owes.delete("viewers")) this.#tellViewers(seat);
  }

  #tellLine(seat: Seat): void {
    if (this.#line && !seat.viewer.tenant.notice(this.#line)) seat.owes.add("line");
  }

  #tellViewers(seat: Seat): void {
    const viewers = [...this.#seats.keys()].map((one) => this.#describe(one, seat.viewer));
    if (!seat.viewer.tenant.notice({ type: "viewers", viewers })) seat.owes.add("viewers");
  }

  #describe(viewer: LineViewer, to: LineViewer): SerialViewer {
    const { id, user, via, mode, since } = viewer;
    return { id, user, via, mode, since, writing: this.mayWrite(viewer), you: viewer === to };
  }
}

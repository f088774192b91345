/** A viewer of a serial line inside the test: collects what it gets, and can be as slow as a test wants. */
import { randomUUID } from "node:crypto";
import type { ClosedReason } from "../../common/closed-reason.ts";
import type { SerialNotice } from "../../common/serial-messages.ts";
import type { LineViewer } from "../../novncproxy/serial/line-audience.ts";
import type { LineChunk } from "../../novncproxy/serial/line-chunk.ts";
import type { SerialTenant } from "../../novncproxy/serial/serial-tenant.ts";
import type { SessionNotice } from "../../common/session-notices.ts";

type Notice = SerialNotice | SessionNotice;

export class FakeViewer implements LineViewer, SerialTenant {
  readonly id = randomUUID();
  readonly user: string;
  readonly via = "other";
  readonly mode: "control" | "view";
  readonly since = 0;
  readonly chunks: LineChunk[] = [];
  /** Notices and, as strings, bytes in the order in which they came. */
  readonly log: (Notice | string)[] = [];
  heard = true;
  paused = false;
  /** True: takes nothing until `take`. */
  slow = false;
  /** True: no room for notices. */
  crowded = false;
  waitingBytes = 0;
  ended: string | undefined;
  #callbacks: (() => void)[] = [];

  constructor(user = "alice", mode: "control" | "view" = "control") {
    this.user = user;
    this.mode = mode;
  }

  get tenant(): this {
    return this;
  }

  /** All bytes so far. */
  get text(): string {
    return Buffer.concat(this.chunks.map(({ bytes }) => bytes)).toString("utf8");
  }

  notices<T extends Notice["type"]>(type: T): Extract<Notice, { type: T }>[] {
    return this.log.filter(
      (one): one is Extract<Notice, { type: T }> => typeof one !== "string" && one.type === type,
    );
  }

  noteSent(): void {
    /* counted by sessions */
  }

  end(reason: ClosedReason): void {
    this.ended = reason;
  }

  send(chunk: LineChunk): void {
    this.chunks.push(chunk);
    this.log.push(chunk.bytes.toString("utf8"));
    if (this.slow) this.waitingBytes += chunk.length;
  }

  whenTaken(callback: () => void): void {
    if (this.slow) this.#callbacks.push(callback);
    else setImmediate(callback);
  }

  /** Takes everything that waits, and is fast again. */
  take(): void {
    this.slow = false;
    this.waitingBytes = 0;
    for (const callback of this.#callbacks.splice(0)) callback();
  }

  notice(notice: Notice): boolean {
    if (!this.crowded) this.log.push(notice);
    return !this.crowded;
  }

  ping(): void {
    /* nothing answers */
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  close(): void {
    /* sessions do that */
  }

  destroy(): void {
    /* the same */
  }
}

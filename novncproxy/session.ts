/**
 * One connection under a token, from the accepted upgrade to the row that says how it ended. It owns
 * both sockets and is the only one who closes them; the first reason to end wins.
 *
 * Five thousand of these are at rest most of the time: no timer, logger or pending promise of its own.
 */
import type { Socket } from "node:net";
import { CLOSED_REASONS, type ClosedReason } from "../common/closed-reason.ts";
import type { CaFiles } from "../common/ca-files.ts";
import type { Clock } from "../common/clock.ts";
import {
  ConsoleServiceError,
  HostTimeout,
  messageOf,
  TenantProtocolError,
} from "../common/errors.ts";
import type { Logger } from "../common/log.ts";
import type { SecretBox } from "../common/secret-box.ts";
import type { OpenedSession, SessionCounters } from "../db/database.ts";
import { HostConnection, type HostListener } from "./host-connection.ts";
import type { ProxyMetrics } from "./metrics.ts";
import type { ReadBuffers } from "./read-buffers.ts";
import type { ServerMessageTranslator } from "./rfb/server-message-translator.ts";
import { SessionLimits, type LimitSettings } from "./session-limits.ts";
import { SessionPulse } from "./session-pulse.ts";
import { connectSession, type RelayPath } from "./session-setup.ts";
import type { SessionRows } from "./session-rows.ts";
import { TenantConnection, type TenantListener } from "./tenant-connection.ts";
import type { TurnQueue } from "./turn-queue.ts";
import { HEADER_ROOM } from "./ws-frame.ts";

/** What all sessions of a proxy share. */
export interface SessionEnvironment {
  readonly clock: Clock;
  readonly log: Logger;
  readonly secretBox: SecretBox;
  readonly metrics: ProxyMetrics;
  readonly rows: SessionRows;
  readonly buffers: ReadBuffers;
  readonly turns: TurnQueue;
  readonly caFiles: CaFiles;
  readonly limits: LimitSettings;
  readonly stepMilliseconds: number;
  readonly pingMilliseconds: number;
  /** [vnc]read_only: nobody types. */
  readonly readOnly: boolean;
}

/** `connecting`: dial; `authenticating`: both handshakes; `closing`: waiting for the browser's goodbye. */
export type SessionState = "connecting" | "authenticating" | "connected" | "closing" | "closed";

/** Queued toward a host that does not read; then the browser is held. */
const MAX_WAITING_FOR_HOST = 256 * 1024;
/** How long a host may take no input while the browser has some. */
const HOST_STALL_MILLISECONDS = 60_000;
/** How long a browser may take to answer the close frame. */
const GOODBYE_MILLISECONDS = 1500;

export class ConsoleSession implements TenantListener, HostListener {
  readonly id: string;
  readonly nodeUuid: string;
  readonly #environment: SessionEnvironment;
  /** Until both sides are joined. */
  #opened: OpenedSession | undefined;
  readonly #openedAt: number;
  /** True when keys and pointer of this session are dropped. */
  readonly viewOnly: boolean;
  /** True when the page speaks our sub-protocol and gets notices. */
  readonly #speaksNotices: boolean;
  readonly #tenant: TenantConnection;
  readonly #limits: SessionLimits;
  readonly #pulse: SessionPulse;
  readonly #onClosed: (session: ConsoleSession) => void;
  #host: HostConnection | undefined;
  #path: RelayPath | undefined;
  #state: SessionState = "connecting";
  /** In state closing: when patience ends. With a held browser: since when. Milliseconds. */
  #closeBy = 0;
  #heldSince = 0;
  /** What the host had left to take when that was noted. */
  #heldBytes = 0;
  #lastInputAt: number | null = null;
  #bytesToTenant = 0;
  #bytesToHost = 0;
  #countedToTenant = 0;
  #countedToHost = 0;
  #resumeHost: (() => void) | undefined;
  /** Counters changed since they were written last. */
  dirty = false;

  /** @param onClosed called once, when no socket is left */
  constructor(
    environment: SessionEnvironment,
    opened: OpenedSession,
    socket: Socket,
    options: {
      readonly speaksNotices: boolean;
      readonly onClosed: (session: ConsoleSession) => void;
    },
  ) {
    const now = environment.clock.now();
    this.id = opened.session.id;
    this.nodeUuid = opened.node.uuid;
    this.#environment = environment;
    this.#opened = opened;
    this.#openedAt = opened.session.openedAt;
    this.viewOnly = environment.readOnly || opened.session.mode === "view";
    this.#speaksNotices = options.speaksNotices;
    this.#onClosed = options.onClosed;
    this.#limits = new SessionLimits(environment.limits, now);
    this.#pulse = new SessionPulse(environment.pingMilliseconds, now);
    this.#tenant = new TenantConnection(socket, this, environment);
  }

  get state(): SessionState {
    return this.#state;
  }

  get counters(): SessionCounters {
    return {
      lastInputAt: this.#lastInputAt,
      bytesToTenant: this.#bytesToTenant,
      bytesToHost: this.#bytesToHost,
    };
  }

  /** Bytes relayed since this was asked last, for metrics. */
  takeUncounted(): { readonly toTenant: number; readonly toHost: number } {
    const uncounted = {
      toTenant: this.#bytesToTenant - this.#countedToTenant,
      toHost: this.#bytesToHost - this.#countedToHost,
    };
    this.#countedToTenant = this.#bytesToTenant;
    this.#countedToHost = this.#bytesToHost;
    return uncounted;
  }

  /** Dials and shakes hands; what it sends before it returns shares a packet with the 101. */
  start(): void {
    const opened = this.#opened;
    if (!opened) return;
    const { session, node, tokenExpiresAt } = opened;
    const { limits, log, metrics } = this.#environment;
    metrics.sessionsOpened.inc({ mode: this.viewOnly ? "view" : "control" });
    /* winston formats a line before it looks at its level */
    if (log.isInfoEnabled())
      log.info("console session opened", {
        session: this.id,
        node: node.uuid,
        mode: session.mode,
        user: session.userId ?? undefined,
        project: session.projectId ?? undefined,
        source: session.sourceAddress,
      });
    this.#notice({
      type: "session",
      id: this.id,
      mode: this.viewOnly ? "view" : "control",
      node,
      idleTimeoutSeconds: limits.idle / 1000,
      sessionTimeoutSeconds: limits.session / 1000,
      tokenExpiresAt,
    });
    this.#notice({ type: "state", state: "connecting" });
    this.#connect(opened).catch((error: unknown) => this.fail(error));
  }

  async #connect(opened: OpenedSession): Promise<void> {
    const began = performance.now();
    const host = new HostConnection({ endpoint: opened.endpoint, ...this.#environment }, this);
    this.#host = host;
    const path = await connectSession({
      tenant: this.#tenant,
      host,
      opened,
      secretBox: this.#environment.secretBox,
      viewOnly: this.viewOnly,
      onDialled: () => {
        this.#state = "authenticating";
        this.#notice({ type: "state", state: "authenticating" });
      },
    });
    if (this.#isOver()) return;
    this.#path = path;
    this.#opened = undefined;
    this.#state = "connected";
    this.#environment.metrics.connectSeconds.observe((performance.now() - began) / 1000);
    this.#notice({ type: "state", state: "connected" });
    host.startRelay();
    this.#tenant.startRelay();
  }

  /* ---- relay ------------------------------------------------------------------------------- */

  onHostBytes(backing: Buffer, start: number, length: number): boolean {
    this.#bytesToTenant += length;
    this.dirty = true;
    const translator = this.#path?.translator;
    let taken: boolean;
    if (translator)
      taken = this.#sendTranslated(translator, backing.subarray(start, start + length));
    else if (start === HEADER_ROOM) taken = this.#tenant.sendInPlace(backing, start, length);
    else taken = this.#tenant.send(backing.subarray(start, start + length));
    if (!taken) {
      this.#resumeHost ??= () => this.#host?.resume();
      this.#tenant.whenTaken(this.#resumeHost);
    }
    return taken;
  }

  onTenantBytes(bytes: Buffer): void {
    const path = this.#path;
    const host = this.#host;
    if (!path || !host) return;
    let clear: Uint8Array;
    try {
      clear = path.walker.walk(bytes);
    } catch (error) {
      this.fail(error);
      return;
    }
    if (path.walker.sawInput) {
      path.walker.sawInput = false;
      this.#noteInput();
    }
    if (clear.length === 0) return;
    this.#bytesToHost += clear.length;
    this.dirty = true;
    host.write(clear);
    if (host.waitingBytes <= MAX_WAITING_FOR_HOST || this.#tenant.paused) return;
    this.#noteHeld(this.#environment.clock.now(), host.untakenBytes);
    this.#tenant.pause();
    host.whenTaken(() => this.#state === "connected" && this.#tenant.resume());
  }

  onTenantText(text: string): void {
    if (!this.#speaksNotices || !isKeepOpen(text)) {
      this.fail(new TenantProtocolError("the browser sent a text message that means nothing here"));
      return;
    }
    this.#noteInput();
  }

  #sendTranslated(translator: ServerMessageTranslator, bytes: Buffer): boolean {
    let translated: Buffer;
    try {
      translated = translator.translate(bytes);
    } catch (error) {
      this.fail(error);
      return true;
    }
    return translated.length === 0 || this.#tenant.send(translated);
  }

  #noteInput(): void {
    const now = this.#environment.clock.now();
    this.#lastInputAt = now;
    this.dirty = true;
    this.#limits.noteInput(now);
  }

  /* ---- time -------------------------------------------------------------------------------- */

  /** Looks at every deadline; called about once a second. */
  sweep(now: number): void {
    if (this.#state === "closing") {
      if (now >= this.#closeBy) this.#tenant.destroy();
      return;
    }
    if (this.#state !== "connected") {
      this.#tenant.expire(now);
      this.#host?.expire(now);
    }
    this.#checkLimits(now);
    this.#checkPulse(now);
    if (this.#host && this.#tenant.paused && this.#state === "connected")
      this.#checkHeld(now, this.#host);
  }

  /** A host that takes a little now and then is slow, not dead. */
  #checkHeld(now: number, host: HostConnection): void {
    if (host.untakenBytes !== this.#heldBytes) this.#noteHeld(now, host.untakenBytes);
    else if (now - this.#heldSince >= HOST_STALL_MILLISECONDS)
      this.fail(new HostTimeout(`${host.name} has taken no input for a minute`));
  }

  #noteHeld(now: number, untakenBytes: number): void {
    this.#heldSince = now;
    this.#heldBytes = untakenBytes;
  }

  #checkLimits(now: number): void {
    const event = this.#limits.check(now);
    if (event.kind === "end") this.close(event.reason);
    if (event.kind === "end" || event.kind === "none") return;
    const { kind: type, ...rest } = event;
    if (!this.#notice({ type, ...rest })) this.#limits.repeat();
  }

  #checkPulse(now: number): void {
    if (this.#isOver() || this.#tenant.paused) return;
    const heard = this.#tenant.heard;
    this.#tenant.heard = false;
    const progress = this.#tenant.waitingBytes > 0 ? this.#bytesToTenant : undefined;
    const verdict = this.#pulse.check(now, heard, progress);
    if (verdict === "ping") this.#tenant.ping();
    else if (verdict === "dead") this.close("tenant_unresponsive");
  }

  /* ---- the end ----------------------------------------------------------------------------- */

  onTenantGone(clean: boolean): void {
    this.close(clean ? "tenant_closed" : "network_reset");
  }

  onTenantError(error: TenantProtocolError): void {
    this.fail(error);
  }

  onTenantSocketClosed(): void {
    if (!this.#isOver()) this.close("network_reset");
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#onClosed(this);
  }

  onHostGone(clean: boolean): void {
    this.close(clean ? "host_closed" : "network_reset");
  }

  /** Ends the session for one of the reasons that are nobody's error. */
  close(reason: ClosedReason): void {
    this.#end(reason, CLOSED_REASONS[reason]);
  }

  /** Does not wait for the browser's goodbye any longer. */
  cut(): void {
    this.#tenant.destroy();
  }

  /** Ends the session because of an error. */
  fail(error: unknown): void {
    if (this.#isOver()) return;
    const known = error instanceof ConsoleServiceError ? error : undefined;
    const fields = {
      session: this.id,
      node: this.nodeUuid,
      code: known?.code ?? "INTERNAL",
      error: known ? messageOf(error) : error,
    };
    if (known) this.#environment.log.warn("console session failed", fields);
    else this.#environment.log.error("console session failed unexpectedly", fields);
    this.#end(known?.code ?? "INTERNAL", known?.closeCode ?? 1011);
  }

  #end(reason: string, closeCode: number): void {
    if (this.#isOver()) return;
    const { clock, log, metrics, rows } = this.#environment;
    const now = clock.now();
    this.#state = "closing";
    this.#closeBy = now + GOODBYE_MILLISECONDS;
    this.#host?.destroy();
    this.#path = undefined;
    this.#tenant.close(closeCode, reason);
    metrics.sessionsClosed.inc({ reason });
    rows.close(this.id, reason, this.counters);
    if (log.isInfoEnabled())
      log.info("console session closed", {
        session: this.id,
        node: this.nodeUuid,
        reason,
        seconds: Math.round((now - this.#openedAt) / 1000),
        bytesToTenant: this.#bytesToTenant,
        bytesToHost: this.#bytesToHost,
      });
  }

  #isOver(): boolean {
    return this.#state === "closing" || this.#state === "closed";
  }

  /** @returns false when it should be said again later */
  #notice(message: object): boolean {
    return !this.#speaksNotices || this.#tenant.sendText(message);
  }
}

function isKeepOpen(text: string): boolean {
  try {
    return (JSON.parse(text) as { type?: unknown } | null)?.type === "keep_open";
  } catch {
    return false;
  }
}

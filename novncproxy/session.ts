/**
 * One connection under a token, from the accepted upgrade to the row that says how it ended. It owns
 * both sockets and is the only one who closes them; the first reason to end wins.
 *
 * Five thousand of these are at rest most of the time: no timer, logger or pending promise of its own.
 */
import type { Socket } from "node:net";
import type { CaFiles } from "../common/ca-files.ts";
import type { ClosedReason } from "../common/closed-reason.ts";
import type { PreludeMessage } from "../common/console-prelude.ts";
import { HostTimeout, TenantProtocolError } from "../common/errors.ts";
import type { BmcSessions } from "../common/host-websocket/bmc-sessions.ts";
import type { SecretBox } from "../common/secret-box.ts";
import type { OpenedSession } from "../db/database.ts";
import { clientCertificateOf } from "./client-certificate.ts";
import type { Company } from "./company.ts";
import { dialWebSocket } from "./dial-web-socket.ts";
import { HostConnection, type HostListener } from "./host-connection.ts";
import type { ReadBuffers } from "./read-buffers.ts";
import type { ServerMessageTranslator } from "./rfb/server-message-translator.ts";
import type { SessionNotice } from "../common/session-notices.ts";
import {
  SessionRecord,
  type CarriedSession,
  type RecordEnvironment,
  type SessionEnding,
} from "./session-record.ts";
import { connectSession, type RelayPath } from "./session-setup.ts";
import { TenantConnection, type TenantListener } from "./tenant-connection.ts";
import type { TurnQueue } from "./turn-queue.ts";
import { HEADER_ROOM } from "./ws-frame.ts";

/** What all sessions of a proxy share. */
export interface SessionEnvironment extends RecordEnvironment {
  readonly secretBox: SecretBox;
  readonly buffers: ReadBuffers;
  readonly turns: TurnQueue;
  readonly caFiles: CaFiles;
  readonly stepMilliseconds: number;
  readonly bmcSessions: BmcSessions;
  readonly company: Company;
}

/** `connecting`: dial; `authenticating`: both handshakes; `closing`: waiting for the browser's goodbye. */
type SessionState = "connecting" | "authenticating" | "connected" | "closing" | "closed";

/** Queued toward a host that does not read; then the browser is held. */
const MAX_WAITING_FOR_HOST = 256 * 1024;
/** How long a host may take no input while the browser has some. */
const HOST_STALL_MILLISECONDS = 60_000;

export class ConsoleSession implements CarriedSession, TenantListener, HostListener {
  readonly record: SessionRecord;
  readonly #environment: SessionEnvironment;
  /** Until both sides are joined. */
  #opened: OpenedSession | undefined;
  /** True when the page speaks our sub-protocol and gets notices. */
  readonly #speaksNotices: boolean;
  readonly #tenant: TenantConnection;
  readonly #onClosed: (session: ConsoleSession) => void;
  #host: HostConnection | undefined;
  #path: RelayPath | undefined;
  #state: SessionState = "connecting";
  /** With a held browser: since when. Milliseconds. */
  #heldSince = 0;
  /** What the host had left to take when that was noted. */
  #heldBytes = 0;
  #resumeHost: (() => void) | undefined;

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
    this.record = new SessionRecord(environment, opened);
    this.#environment = environment;
    this.#opened = opened;
    this.#speaksNotices = options.speaksNotices;
    this.#onClosed = options.onClosed;
    this.#tenant = new TenantConnection(socket, this, environment);
  }

  /** Dials and shakes hands; what it sends before it returns shares a packet with the 101. */
  start(): void {
    const opened = this.#opened;
    if (!opened) return;
    this.#notice(this.record.begin(opened));
    this.#notice({ type: "state", state: "connecting" });
    this.#connect(opened).catch((error: unknown) => this.fail(error));
  }

  async #connect(opened: OpenedSession): Promise<void> {
    const began = performance.now();
    const { endpoint, node } = opened;
    const clientCertificate = clientCertificateOf(endpoint, node.uuid, this.#environment.secretBox);
    const webSocket = dialWebSocket(endpoint, node.uuid, this.#environment);
    const host = new HostConnection(
      { endpoint, clientCertificate, webSocket, ...this.#environment },
      this,
    );
    this.#host = host;
    const path = await connectSession({
      tenant: this.#tenant,
      host,
      opened,
      secretBox: this.#environment.secretBox,
      viewOnly: this.record.viewOnly,
      onDialled: () => {
        this.#state = "authenticating";
        this.#notice({ type: "state", state: "authenticating" });
      },
      onStarting: (message) => this.#noticeStart(message),
    });
    if (this.record.isOver) return;
    this.#path = path;
    this.#opened = undefined;
    this.#state = "connected";
    this.#environment.metrics.connectSeconds.observe((performance.now() - began) / 1000);
    this.#notice({ type: "state", state: "connected" });
    void this.#tellOthers(false);
    host.startRelay();
    this.#tenant.startRelay();
  }

  /* ---- relay ------------------------------------------------------------------------------- */

  onHostBytes(backing: Buffer, start: number, length: number): boolean {
    const { record } = this;
    record.bytesToTenant += length;
    record.dirty = true;
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
      this.record.noteInput();
    }
    if (clear.length === 0) return;
    this.record.bytesToHost += clear.length;
    this.record.dirty = true;
    host.write(clear);
    if (host.waitingBytes <= MAX_WAITING_FOR_HOST || this.#tenant.paused) return;
    this.#noteHeld(this.#environment.clock.now(), host.untakenBytes);
    this.#tenant.pause();
    host.whenTaken(() => this.#state === "connected" && this.#tenant.resume());
  }

  onTenantText(text: string): void {
    const type = this.#speaksNotices ? typeOf(text) : undefined;
    if (type === "keep_open") this.record.noteInput();
    else if (type === "take_over") void this.#takeOver();
    else
      this.fail(new TenantProtocolError("the browser sent a text message that means nothing here"));
  }

  /** Of no use to who may only look. */
  async #takeOver(): Promise<void> {
    if (this.record.viewOnly || this.#state !== "connected") return;
    await this.#environment.company.takeOver(this.record);
    await this.#tellOthers(true);
  }

  /** @param evenNone says so when there is nobody */
  async #tellOthers(evenNone: boolean): Promise<void> {
    if (!this.#speaksNotices) return;
    const others = await this.#environment.company.of(this.record);
    if (!others || this.#state !== "connected") return;
    if (evenNone || others.controlling + others.watching > 0) this.#notice(others);
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

  /* ---- time -------------------------------------------------------------------------------- */

  sweep(now: number): void {
    const { record } = this;
    if (record.isOver) {
      if (now >= record.closeBy) this.#tenant.destroy();
      return;
    }
    if (this.#state !== "connected") {
      this.#tenant.expire(now);
      this.#host?.expire(now);
    }
    const limit = record.checkLimits(now, (notice) => this.#notice(notice));
    if (limit) this.close(limit);
    if (record.isOver) return;
    if (record.checkPulse(now, this.#tenant, record.bytesToTenant))
      this.close("tenant_unresponsive");
    else if (this.#host && this.#tenant.paused && this.#state === "connected")
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

  /* ---- the end ----------------------------------------------------------------------------- */

  onTenantGone(clean: boolean): void {
    this.close(clean ? "tenant_closed" : "network_reset");
  }

  onTenantError(error: TenantProtocolError): void {
    this.fail(error);
  }

  onTenantSocketClosed(): void {
    this.close("network_reset");
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#onClosed(this);
  }

  onHostGone(clean: boolean): void {
    this.close(clean ? "host_closed" : "network_reset");
  }

  close(reason: ClosedReason): void {
    this.#end(this.record.end(reason));
  }

  cut(): void {
    this.#tenant.destroy();
  }

  /** Ends the session because of an error. */
  fail(error: unknown): void {
    this.#end(this.record.fail(error));
  }

  #end(ending: SessionEnding | undefined): void {
    if (!ending) return;
    this.#state = "closing";
    this.#host?.destroy();
    this.#path = undefined;
    this.#tenant.close(ending.closeCode, ending.reason);
  }

  #noticeStart(message: PreludeMessage): void {
    if (message.type === "bmc") this.#notice({ type: "bmc", answers: message.answers });
    else if (message.type === "step") this.#notice({ ...message, type: "starting" });
  }

  /** @returns false when it should be said again later */
  #notice(message: SessionNotice): boolean {
    return !this.#speaksNotices || this.#tenant.sendText(message);
  }
}

function typeOf(text: string): unknown {
  try {
    return (JSON.parse(text) as { type?: unknown } | null)?.type;
  } catch {
    return undefined;
  }
}

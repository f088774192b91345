/**
 * One viewer of a serial line, from the accepted connection to the row that says how it ended. It owns
 * the tenant side and is the only one who closes it; the line is not its own, and outlives it.
 */
import type { ClosedReason } from "../../common/closed-reason.ts";
import type { TenantProtocolError } from "../../common/errors.ts";
import type { SerialRequest, SerialViewer } from "../../common/serial-messages.ts";
import type { OpenedSession, SessionMode } from "../../db/database.ts";
import {
  SessionRecord,
  type CarriedSession,
  type RecordEnvironment,
  type SessionEnding,
} from "../session-record.ts";
import type { LineViewer } from "./line-audience.ts";
import type { SerialSessionHandle } from "./serial-door.ts";
import type { SerialLine } from "./serial-line.ts";
import type { SerialTenant, SerialTenantListener } from "./serial-tenant.ts";

export class SerialSession
  implements CarriedSession, SerialTenantListener, LineViewer, SerialSessionHandle
{
  readonly record: SessionRecord;
  readonly user: string | null;
  readonly via: SerialViewer["via"];
  readonly since: number;
  readonly #line: SerialLine;
  readonly #onClosed: (session: SerialSession) => void;
  #tenant: SerialTenant | undefined;
  #closed = false;

  /** @param options `onClosed` called once, when nothing is left of the tenant's connection */
  constructor(
    environment: RecordEnvironment,
    opened: OpenedSession,
    line: SerialLine,
    options: {
      readonly via: SerialViewer["via"];
      readonly onClosed: (session: SerialSession) => void;
    },
  ) {
    this.record = new SessionRecord(environment, opened);
    this.user = opened.session.userId;
    this.via = options.via;
    this.since = opened.session.openedAt;
    this.#line = line;
    this.#onClosed = options.onClosed;
  }

  get id(): string {
    return this.record.id;
  }

  get nodeUuid(): string {
    return this.record.nodeUuid;
  }

  get mode(): SessionMode {
    return this.record.mode;
  }

  get tenant(): SerialTenant {
    if (!this.#tenant) throw new TypeError("the session has no tenant yet");
    return this.#tenant;
  }

  /** What is sent before it returns can share a packet with the tenant's own greeting. */
  start(opened: OpenedSession, tenant: SerialTenant): void {
    this.#tenant = tenant;
    tenant.notice(this.record.begin(opened));
    tenant.notice({ type: "state", state: "connected" });
    this.#line.attach(this);
  }

  /* ---- the tenant -------------------------------------------------------------------------- */

  onTenantBytes(bytes: Buffer): void {
    if (this.record.isOver || !this.#tenant) return;
    this.record.noteInput();
    if (!this.record.viewOnly) this.record.bytesToHost += this.#line.type(this, bytes);
  }

  onTenantRequest(request: SerialRequest): void {
    if (this.record.isOver || !this.#tenant) return;
    this.record.noteInput();
    if (request.type !== "keep_open") this.#line.ask(this, request);
  }

  onTenantGone(clean: boolean): void {
    this.close(clean ? "tenant_closed" : "network_reset");
  }

  onTenantError(error: TenantProtocolError): void {
    this.fail(error);
  }

  onTenantSocketClosed(): void {
    this.close("network_reset");
    if (this.#closed) return;
    this.#closed = true;
    this.#onClosed(this);
  }

  /* ---- the line ---------------------------------------------------------------------------- */

  noteSent(bytes: number): void {
    this.record.bytesToTenant += bytes;
    this.record.dirty = true;
  }

  end(reason: ClosedReason): void {
    this.close(reason);
  }

  /* ---- time, and the end ------------------------------------------------------------------- */

  sweep(now: number): void {
    const { record } = this;
    const tenant = this.#tenant;
    if (!tenant) return;
    if (record.isOver) {
      if (now >= record.closeBy) tenant.destroy();
      return;
    }
    const limit = record.checkLimits(now, (notice) => tenant.notice(notice));
    if (limit) this.close(limit);
    else if (record.checkPulse(now, tenant, record.bytesToTenant - tenant.waitingBytes))
      this.close("tenant_unresponsive");
  }

  close(reason: ClosedReason): void {
    this.#end(this.record.end(reason));
  }

  /** Ends the session because of an error. */
  fail(error: unknown): void {
    this.#end(this.record.fail(error));
  }

  cut(): void {
    this.#tenant?.destroy();
  }

  #end(ending: SessionEnding | undefined): void {
    if (!ending) return;
    this.#line.detach(this);
    this.#tenant?.close(ending.closeCode, ending.reason);
  }
}

/**
 * A serial door with one machine behind it: lets in whoever has a good token, writes down what the tenant
 * does, and says what a test wants said. The line itself, its scrollback and limits are not here.
 */
import { CLOSED_REASONS, type ClosedReason } from "../../common/closed-reason.ts";
import type { SerialNotice, SerialRequest } from "../../common/serial-messages.ts";
import type { Database } from "../../db/database.ts";
import { LineChunk } from "../../novncproxy/serial/line-chunk.ts";
import type {
  SerialDoor,
  SerialDoorRequest,
  SerialSessionHandle,
} from "../../novncproxy/serial/serial-door.ts";
import type { SerialTenant, SerialTenantListener } from "../../novncproxy/serial/serial-tenant.ts";
import type { SessionNotice } from "../../common/session-notices.ts";
import { until } from "../helpers/until.ts";

export class FakeSerialSession implements SerialTenantListener, SerialSessionHandle {
  readonly id: string;
  readonly nodeUuid: string;
  readonly mode: "control" | "view";
  readonly request: SerialDoorRequest;
  readonly user: string | null;
  readonly requests: SerialRequest[] = [];
  /** What ended it, as the session that the fake stands for would write it down. */
  ended: string | undefined;
  socketClosed = false;
  tenant!: SerialTenant;
  #typed: Buffer[] = [];

  constructor(init: {
    readonly id: string;
    readonly mode: "control" | "view";
    readonly user: string | null;
    readonly nodeUuid: string;
    readonly request: SerialDoorRequest;
  }) {
    this.id = init.id;
    this.mode = init.mode;
    this.user = init.user;
    this.nodeUuid = init.nodeUuid;
    this.request = init.request;
  }

  get typed(): Buffer {
    return Buffer.concat(this.#typed);
  }

  say(text: string | Buffer): void {
    this.tenant.send(new LineChunk(Buffer.from(text as string)));
  }

  notice(notice: SerialNotice | SessionNotice): boolean {
    return this.tenant.notice(notice);
  }

  close(reason: ClosedReason): void {
    this.#end(reason, CLOSED_REASONS[reason]);
  }

  onTenantBytes(bytes: Buffer): void {
    this.#typed.push(bytes);
  }

  onTenantRequest(request: SerialRequest): void {
    this.requests.push(request);
  }

  onTenantGone(clean: boolean): void {
    this.close(clean ? "tenant_closed" : "network_reset");
  }

  onTenantError(error: { readonly code: string; readonly closeCode: number }): void {
    this.#end(error.code, error.closeCode);
  }

  onTenantSocketClosed(): void {
    if (this.ended === undefined) this.close("network_reset");
    this.socketClosed = true;
  }

  #end(reason: string, code: number): void {
    if (this.ended !== undefined) return;
    this.ended = reason;
    this.tenant.close(code, reason);
  }
}

export class FakeSerialDoor implements SerialDoor {
  readonly sessions: FakeSerialSession[] = [];
  /** Thrown at whoever comes, when set. */
  refusal: Error | undefined;
  /** Scrollback that everybody gets. */
  scrollback = "";
  readonly #database: Pick<Database, "tokens">;

  constructor(database: Pick<Database, "tokens">) {
    this.#database = database;
  }

  async open(
    request: SerialDoorRequest,
    connect: (listener: SerialTenantListener) => SerialTenant,
  ): Promise<SerialSessionHandle> {
    const grant = await this.#database.tokens.validate(request.token, request.nodeUuid);
    if (this.refusal) throw this.refusal;
    const session = new FakeSerialSession({
      id: `session-${this.sessions.length + 1}`,
      mode: grant.mode === "view" ? "view" : "control",
      user: grant.userId,
      nodeUuid: grant.nodeUuid,
      request,
    });
    session.tenant = connect(session);
    this.#greet(session);
    this.sessions.push(session);
    return session;
  }

  /** The latest session, as soon as there are so many. */
  async session(number = 1): Promise<FakeSerialSession> {
    await until(() => this.sessions.length >= number, "a session");
    return this.sessions[number - 1] as FakeSerialSession;
  }

  #greet(session: FakeSerialSession): void {
    const { mode, user, id } = session;
    session.notice({
      type: "session",
      id,
      mode,
      node: { uuid: session.nodeUuid, name: "node1" },
      idleTimeoutSeconds: 0,
      sessionTimeoutSeconds: 0,
      tokenExpiresAt: 0,
    });
    session.notice({ type: "state", state: "connected" });
    session.notice({
      type: "line",
      state: "connected",
      detail: null,
      since: 0,
      retrySeconds: null,
    });
    const writing = mode === "control";
    const me = { id, user, via: "ssh", mode, writing, since: 0, you: true } as const;
    session.notice({ type: "viewers", viewers: [me] });
    const bytes = Buffer.from(this.scrollback);
    const lines = this.scrollback.split("\n").length - 1;
    session.notice({ type: "replay", bytes: bytes.length, lines });
    if (bytes.length > 0) session.say(bytes);
  }
}

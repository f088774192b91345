/** Lets viewers in to serial lines: the token first, then the line, then the viewer's own connection. */
import { ConsoleTypeNotSupported } from "../../common/errors.ts";
import type { SerialViewer } from "../../common/serial-messages.ts";
import type { OpenedSession } from "../../db/database.ts";
import type { Admission } from "../admission.ts";
import type { RecordEnvironment } from "../session-record.ts";
import type { SessionRegistry } from "../session-registry.ts";
import type { SerialDoor, SerialDoorRequest, SerialSessionHandle } from "./serial-door.ts";
import type { SerialLines } from "./serial-lines.ts";
import { SerialSession } from "./serial-session.ts";
import type { SerialTenant, SerialTenantListener } from "./serial-tenant.ts";

/** Makes the tenant side; undefined when the viewer has left meanwhile. */
type Connect = (listener: SerialTenantListener) => SerialTenant | undefined;

export class SerialEntrance implements SerialDoor {
  readonly #admission: Admission;
  readonly #lines: SerialLines;
  readonly #registry: SessionRegistry;
  readonly #environment: RecordEnvironment;

  constructor(parts: {
    readonly admission: Admission;
    readonly lines: SerialLines;
    readonly registry: SessionRegistry;
    readonly environment: RecordEnvironment;
  }) {
    this.#admission = parts.admission;
    this.#lines = parts.lines;
    this.#registry = parts.registry;
    this.#environment = parts.environment;
  }

  async open(
    request: SerialDoorRequest,
    connect: (listener: SerialTenantListener) => SerialTenant,
  ): Promise<SerialSessionHandle> {
    this.#admission.checkOpen();
    this.#admission.checkWithoutDatabase(request.token);
    const session = await this.#admission.admit(request, async (opened) => {
      if (opened.endpoint.consoleType !== "serial")
        throw new ConsoleTypeNotSupported("this machine's console is a screen");
      return await this.settle(opened, request.via, connect);
    });
    if (!session) throw new TypeError("a serial session has no tenant");
    return session;
  }

  /** For an admitted viewer. @returns undefined when he has left meanwhile @throws as `open` */
  async settle(
    opened: OpenedSession,
    via: SerialViewer["via"],
    connect: Connect,
  ): Promise<SerialSession | undefined> {
    const line = await this.#lines.forViewer(
      opened.node.uuid,
      opened.endpoint,
      opened.node.historySince,
    );
    this.#admission.checkOpen();
    const session = new SerialSession(this.#environment, opened, line, {
      via,
      onClosed: this.#registry.remove,
    });
    const tenant = connect(session);
    if (!tenant) return undefined;
    this.#registry.add(session);
    session.start(opened, tenant);
    return session;
  }

  /** @throws {LineHeldElsewhere} when a viewer who came now would meet that */
  checkReachable(nodeUuid: string): Promise<void> {
    return this.#lines.checkReachable(nodeUuid);
  }
}

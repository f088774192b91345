/** Who is logged in to a simulated BMC: the table that is full one day, and that must be empty in the end. */
import { randomBytes } from "node:crypto";

export interface WebSession {
  /** What Redfish calls it; no secret. */
  readonly id: string;
  /** Cookie or token. */
  readonly key: string;
  /** Second secret against forged requests, where a vendor has one. */
  readonly csrf: string;
  readonly user: string;
  readonly kind: "web" | "redfish" | "kvm";
  /** Of a console, which is no login by itself: the session that asked for it, and that takes it along. */
  readonly owner: WebSession | undefined;
}

/** FACT(iDRAC console protocol notes, firmware 7.10.30.00): six consoles at once. */
const CONSOLES = 6;

export class WebSessions {
  maximum: number;
  maximumConsoles = CONSOLES;
  readonly #byKey = new Map<string, WebSession>();
  readonly #onClose: (session: WebSession) => void;
  #lastId = 0;

  constructor(maximum: number, onClose: (session: WebSession) => void) {
    this.maximum = maximum;
    this.#onClose = onClose;
  }

  /** @returns undefined when all places are taken; consoles have places of their own */
  open(user: string, kind: WebSession["kind"], owner?: WebSession): WebSession | undefined {
    const places = kind === "kvm" ? this.maximumConsoles : this.maximum;
    const taken = this.list().filter((one) => (one.kind === "kvm") === (kind === "kvm"));
    if (taken.length >= places) return undefined;
    const session: WebSession = {
      id: String(++this.#lastId),
      key: randomBytes(16).toString("hex"),
      csrf: randomBytes(8).toString("hex"),
      user,
      kind,
      owner,
    };
    this.#byKey.set(session.key, session);
    return session;
  }

  find(key: string | undefined): WebSession | undefined {
    return key === undefined ? undefined : this.#byKey.get(key);
  }

  /** @returns whether there was one */
  close(session: WebSession | undefined): boolean {
    if (!session || !this.#byKey.delete(session.key)) return false;
    this.#onClose(session);
    for (const one of this.list()) if (one.owner === session) this.close(one);
    return true;
  }

  closeAll(): void {
    for (const session of this.list()) this.close(session);
  }

  list(): WebSession[] {
    return [...this.#byKey.values()];
  }
}

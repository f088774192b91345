/** What a simulated BMC is, whatever its vendor: accounts, sessions, a machine, faults on request, counters. */
import { Accounts } from "./accounts.ts";
import type { BmcReply, BmcRequest } from "./http.ts";
import { Machine } from "./machine.ts";
import { WebSessions, type WebSession } from "./sessions.ts";

/** All off at first; a test switches them at any time. */
export interface BmcFaults {
  /** Every answer waits so long. */
  slowMs: number;
  /** Requests whose path matches are never answered. */
  hang: RegExp | undefined;
  /** Everything is 503. */
  unavailable: boolean;
  /** The licence for the viewer is missing. */
  noLicence: boolean;
  /** The administrator has switched the viewer off. */
  viewerDisabled: boolean;
}

export interface BmcCounts {
  /** Logins that still hold, of the web page and of Redfish. */
  readonly sessions: number;
  /** Consoles that the BMC counts apart from logins. */
  readonly consoles: number;
  readonly viewers: number;
  readonly logins: number;
  readonly logouts: number;
  readonly failedLogins: number;
  readonly requests: number;
  readonly keys: readonly string[];
  readonly clicks: readonly { readonly x: number; readonly y: number; readonly button: number }[];
  readonly mouseMoves: number;
}

export interface BmcVendor {
  readonly name: string;
  readonly managerId: string;
  /** Fixed number of accounts, as iDRAC has. */
  readonly accountSlots?: number;
  /** Whether Redfish lists the sessions of the web page. */
  readonly listsWebSessions: boolean;
  /** Consoles that were opened without a login end with their viewer. */
  readonly consolesEndWithViewers?: true;
  /** False: there is no Redfish at all. */
  readonly redfish?: false;
  /** `Server` header. */
  readonly server?: string;
  readonly serviceRoot: Readonly<Record<string, unknown>>;
  readonly manager: Readonly<Record<string, unknown>>;
  /** @returns undefined for a path that it does not have */
  answer(request: BmcRequest, bmc: Bmc): BmcReply | undefined;
  /** Whose viewer asks for this WebSocket; undefined is refused. */
  viewer(request: BmcRequest, bmc: Bmc): WebSession | undefined;
  /** Whose Java viewer says this word first on the viewer's port. */
  javaViewer?(word: string, bmc: Bmc): WebSession | undefined;
  /** Before Redfish's own answer. */
  redfishAnswer?(request: BmcRequest, bmc: Bmc, user: string): BmcReply | undefined;
}

export class Bmc {
  readonly vendor: BmcVendor;
  readonly accounts: Accounts;
  readonly sessions: WebSessions;
  readonly machine = new Machine();
  readonly faults: BmcFaults = {
    slowMs: 0,
    hang: undefined,
    unavailable: false,
    noLicence: false,
    viewerDisabled: false,
  };
  /** TCP port of the Java viewer; 0 without one. */
  viewerPort = 0;
  /** The Java viewer's jar. */
  viewerJar: Uint8Array | undefined;
  /** `METHOD path?query` of everything asked. */
  readonly requests: string[] = [];
  #logins = 0;
  #logouts = 0;
  #failedLogins = 0;

  constructor(vendor: BmcVendor, maximumSessions: number) {
    this.vendor = vendor;
    this.accounts = new Accounts(vendor.accountSlots);
    this.sessions = new WebSessions(maximumSessions, (session) => this.machine.detach(session));
  }

  get counts(): BmcCounts {
    const all = this.sessions.list();
    const consoles = all.filter((one) => one.kind === "kvm").length;
    return {
      sessions: all.length - consoles,
      consoles,
      viewers: this.machine.viewers,
      logins: this.#logins,
      logouts: this.#logouts,
      failedLogins: this.#failedLogins,
      requests: this.requests.length,
      keys: this.machine.keys,
      clicks: this.machine.clicks,
      mouseMoves: this.machine.mouseMoves,
    };
  }

  login(user: string, password: string, kind: WebSession["kind"]): WebSession | "refused" | "full" {
    if (!this.accounts.accepts(user, password)) {
      this.#failedLogins++;
      return "refused";
    }
    const session = this.sessions.open(user, kind);
    if (!session) return "full";
    this.#logins++;
    return session;
  }

  logout(session: WebSession | undefined): boolean {
    const was = this.sessions.close(session);
    if (was && session?.kind !== "kvm") this.#logouts++;
    return was;
  }
}

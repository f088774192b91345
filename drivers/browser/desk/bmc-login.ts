/**
 * What one session has on its BMC: the account it logs in with and the BMC's own session, written down
 * before it is there and taken back after. Never touches a session of somebody else's.
 */
import { messageOf, type Logger } from "../../base.ts";
import type { RedfishDial } from "../../lib/redfish-agent.ts";
import { removeAccount } from "../account/bmc-account.ts";
import type { PreparedAccess, PrepareAccess } from "../account/prepare-access.ts";
import type { BrowserSettings } from "../options.ts";
import type { BmcRedfish } from "./bmc-redfish.ts";
import { endSession, newSession, sessionPaths } from "./bmc-sessions.ts";
import type { BmcSession, Journal, JournalEntry } from "./journal.ts";

export interface BmcLoginOptions {
  readonly id: string;
  readonly node: string;
  readonly provider: string;
  readonly settings: BrowserSettings;
  /** False for a BMC that does not list its page's sessions. */
  readonly listsSessions: boolean;
  readonly dial: RedfishDial;
  readonly redfish: BmcRedfish;
  readonly journal: Journal;
  readonly prepareAccess: PrepareAccess;
  readonly log: Logger;
}

export class BmcLogin {
  readonly #options: BmcLoginOptions;
  readonly #never = new AbortController();
  #entry: JournalEntry;
  #account: PreparedAccess | undefined;
  #before: ReadonlySet<string> | undefined;
  #preparing: Promise<unknown> | undefined;
  #looking: Promise<void> | undefined;

  constructor(options: BmcLoginOptions) {
    const { id, node, provider } = options;
    this.#options = options;
    this.#entry = { id, node, provider, bmcSession: null, account: null };
  }

  /** Before the login: who logs in, and which sessions are others'. */
  prepare(signal: AbortSignal): Promise<PreparedAccess> {
    const preparing = this.#prepare(signal);
    this.#preparing = preparing;
    return preparing;
  }

  async #prepare(signal: AbortSignal): Promise<PreparedAccess> {
    const { id, settings, dial, journal, prepareAccess, listsSessions, redfish } = this.#options;
    await journal.write(this.#entry);
    this.#account = await prepareAccess({
      session: id,
      settings,
      dial,
      signal,
      note: (account) => this.#write({ account }),
    });
    if (listsSessions)
      this.#before = await redfish.ask("which sessions there are", signal, sessionPaths);
    return this.#account;
  }

  /** After the login, beside what comes next. */
  noteSession(signal: AbortSignal): void {
    this.#looking = this.#note(signal);
  }

  /** After the logout. Resolves when nothing of ours is left, or nothing more can be done now. */
  async end(): Promise<void> {
    // Aborted or not: what it has made by then has to be taken back.
    await this.#preparing?.catch(() => undefined);
    await this.#looking;
    const done = [await this.#endSession(), await this.#endAccount()];
    if (done.every(Boolean)) this.#options.journal.remove(this.#entry.id);
  }

  async #note(signal: AbortSignal): Promise<void> {
    const before = this.#before;
    const username = this.#account?.username;
    if (!before || username === undefined) return;
    const found = await this.#options.redfish.ask("which session is ours", signal, (client) =>
      newSession(client, before, username),
    );
    if (found) await this.#write({ bmcSession: found });
  }

  async #endSession(): Promise<boolean> {
    const { redfish, log } = this.#options;
    const session = this.#entry.bmcSession;
    if (!session) return true;
    const ended = await redfish.ask("end our session", this.#never.signal, (client) =>
      endSession(client, session),
    );
    if (ended !== true)
      log.warn("a session of ours may stay on the BMC until it times out", {
        session: session.path,
      });
    return ended === true;
  }

  async #endAccount(): Promise<boolean> {
    const { account: name } = this.#entry;
    // Interrupted while it was made: nobody knows whether it is there.
    if (!this.#account && name !== null)
      return await endAccount(this.#options.redfish, name, this.#never.signal);
    try {
      await this.#account?.release();
      return true;
    } catch (error) {
      this.#options.log.warn("a temporary account may stay on the BMC", {
        account: this.#entry.account,
        reason: messageOf(error),
      });
      return false;
    }
  }

  async #write(change: {
    readonly bmcSession?: BmcSession;
    readonly account?: string;
  }): Promise<void> {
    this.#entry = { ...this.#entry, ...change };
    await this.#options.journal.write(this.#entry);
  }
}

async function endAccount(
  redfish: BmcRedfish,
  name: string,
  signal: AbortSignal,
): Promise<boolean> {
  const gone = await redfish.ask("remove an earlier session's account", signal, async (client) => {
    await removeAccount(client, name);
    return true;
  });
  return gone === true;
}

/**
 * Ends what a killed run left on a node's BMC. What cannot be ended now stays in the journal.
 * @param living ids of sessions that are no leftovers
 */
export async function endLeftovers(
  journal: Journal,
  node: string,
  living: ReadonlySet<string>,
  redfish: BmcRedfish,
  signal: AbortSignal,
): Promise<void> {
  for (const { id, bmcSession: session, account } of journal.of(node)) {
    if (living.has(id)) continue;
    if (account !== null && !(await endAccount(redfish, account, signal))) continue;
    const gone =
      session === null ||
      (await redfish.ask("end an earlier session", signal, (client) =>
        endSession(client, session),
      ));
    if (gone === true) journal.remove(id);
  }
}

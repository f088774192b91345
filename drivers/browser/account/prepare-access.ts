/**
 * The BMC account that a session logs in with: the node's own, or one made for it. Says who, never how it
 * is used; gives back what it made.
 */
import { PageError, type Secret } from "../../base.ts";
import type { RedfishDial } from "../../lib/redfish-agent.ts";
import { RedfishClient } from "../../lib/redfish-client.ts";
import type { BrowserSettings } from "../options.ts";
import { accountName, accountPassword, makeAccount, removeAccount } from "./bmc-account.ts";

export interface BmcAccount {
  readonly username: string;
  readonly password: Secret;
}

export interface PreparedAccess extends BmcAccount {
  /** Deletes what was made for the session. Safe to call twice. @throws {ConsoleError} when it stays */
  release(): Promise<void>;
}

export interface AccessRequest {
  /** The session's id, for the name of an account. */
  readonly session: string;
  readonly settings: BrowserSettings;
  readonly dial: RedfishDial;
  readonly signal: AbortSignal;
  /** Writes down the name of what is about to be made, before it is. */
  readonly note: (account: string) => Promise<void>;
}

export type PrepareAccess = (request: AccessRequest) => Promise<PreparedAccess>;

const REQUEST_LIMIT_MS = 15_000;
const RELEASE_LIMIT_MS = 20_000;

/** @throws {PageError} {@link ConsoleError} when the node wants an account for each session and gets none */
export async function prepareAccess(request: AccessRequest): Promise<PreparedAccess> {
  const { settings, session, signal } = request;
  if (!settings.temporaryAccount) {
    const { username, password } = settings;
    return { username, password, release: () => Promise.resolve() };
  }
  const account = {
    name: accountName(session),
    password: accountPassword(),
    role: settings.accountRole,
  };
  await request.note(account.name);
  await withRedfish(request, signal, (client) => makeAccount(client, account));
  let released: Promise<void> | undefined;
  return {
    username: account.name,
    password: account.password,
    release: () =>
      (released ??= withRedfish(request, AbortSignal.timeout(RELEASE_LIMIT_MS), (client) =>
        removeAccount(client, account.name),
      )),
  };
}

async function withRedfish(
  { settings, dial }: AccessRequest,
  signal: AbortSignal,
  use: (client: RedfishClient) => Promise<void>,
): Promise<void> {
  if (!settings.redfish)
    throw new PageError(
      "unexpected_page",
      "console_temporary_account needs Redfish over https, and web_address says http://",
    );
  const access = { ...settings.redfish, authType: "basic" } as const;
  const limits = { signal, requestLimitMs: REQUEST_LIMIT_MS, dial };
  await RedfishClient.with(access, limits, use);
}

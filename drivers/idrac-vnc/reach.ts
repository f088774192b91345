/**
 * Opens the way to an iDRAC that its options and its firmware allow: Redfish, else racadm over SSH.
 */
import { BmcFeatureMissing, messageOf, type Memo } from "../base.ts";
import { RedfishClient } from "../lib/redfish-client.ts";
import { SshConnection } from "../lib/ssh-exec.ts";
import { RedfishAttributes } from "./attributes.ts";
import { readMemo, writeMemo } from "./memo.ts";
import { requireHostKey, type IdracOptions, type IdracSettings } from "./options.ts";
import { RacadmAttributes } from "./racadm.ts";
import type { IdracTransport } from "./transport.ts";
import type { FoundAttributes } from "./values.ts";

/** FACT(iDRAC 7 and 8): a racadm command takes a few seconds, an SSH login up to 10. */
const SSH_COMMAND_MS = 30_000;

export interface Reach {
  readonly settings: IdracSettings;
  readonly memo: Memo;
  readonly signal: AbortSignal;
  /** For one Redfish request or one SSH connect. */
  readonly connectMs: number;
}

/**
 * Reads the VNC attributes and hands them to `use` with the transport that found them; closes the
 * transport afterwards.
 * @throws {BmcFeatureMissing} when neither way has the attributes; and what the transports throw
 */
export async function reachIdrac<T>(
  at: Reach,
  use: (transport: IdracTransport, found: FoundAttributes) => Promise<T>,
): Promise<T> {
  const { options } = at.settings;
  if (options.idrac_transport === "racadm") return await byRacadm(at, use);
  const limits = { signal: at.signal, requestLimitMs: at.connectMs };
  const outcome = await RedfishClient.with(at.settings.access, limits, async (client) => {
    const transport = new RedfishAttributes(client);
    const auto = options.idrac_transport === "auto";
    const found = auto ? await transport.readIfPresent() : await transport.read();
    return found && { value: await use(transport, found) };
  });
  if (outcome) return outcome.value;
  requireHostKeyInstead(options, at.settings.access.host);
  return await byRacadm(at, use);
}

/** The operator named no way, so the error says why this one is wanted. */
function requireHostKeyInstead(options: IdracOptions, host: string): void {
  try {
    requireHostKey(options);
  } catch (cause) {
    throw new BmcFeatureMissing(
      `the iDRAC at ${host} has no attributes over Redfish (iDRAC 7 and 8 have none) and ${messageOf(cause)}`,
      { cause },
    );
  }
}

async function byRacadm<T>(
  at: Reach,
  use: (transport: IdracTransport, found: FoundAttributes) => Promise<T>,
): Promise<T> {
  const { options, access } = at.settings;
  const pinned = options.idrac_ssh_host_key_fingerprint?.replace(/=+$/, "");
  const trusted = pinned ?? readMemo(at.memo).sshHostKey;
  let seen: string | undefined;
  const ssh = {
    host: access.host,
    port: options.idrac_ssh_port,
    username: options.redfish_username,
    password: options.redfish_password,
    trustsHostKey: (fingerprint: string): boolean => {
      seen = fingerprint;
      return trusted === undefined || trusted === fingerprint;
    },
  };
  const limits = { signal: at.signal, connectMs: at.connectMs, commandMs: SSH_COMMAND_MS };
  return await SshConnection.with(ssh, limits, async (connection) => {
    if (trusted === undefined && seen !== undefined)
      await writeMemo(at.memo, { ...readMemo(at.memo), sshHostKey: seen });
    const transport = new RacadmAttributes(connection);
    return await use(transport, await transport.read());
  });
}

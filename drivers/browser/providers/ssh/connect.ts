/** One ssh2 connection to an auxiliary host, made: the host key is judged first, then our key is offered. */
import { Client, type ConnectConfig } from "ssh2";
import { printable } from "../../../../common/printable.ts";
import { ConsoleError } from "../../../base.ts";
import { withDeadline } from "../../../lib/deadline.ts";
import { hostKeyFingerprint } from "../../../lib/ssh-exec.ts";
import type { AuxiliaryHost } from "./host-list.ts";
import type { HostKeys } from "./host-keys.ts";
import { readPrivateKey } from "./private-key.ts";

/** Two of them unanswered end the connection. */
const KEEPALIVE_MS = 5000;
const KEEPALIVES_MISSED = 2;

export interface ConnectOptions {
  readonly host: AuxiliaryHost;
  readonly keyFile: string;
  readonly hostKeys: HostKeys;
  readonly limitMs: number;
}

/** @throws {ConsoleError} saying why, and which fingerprint was seen */
export async function connect(options: ConnectOptions, signal: AbortSignal): Promise<Client> {
  const { host, hostKeys, limitMs } = options;
  const client = new Client();
  // Each channel on its way listens for the connection's end.
  client.setMaxListeners(0);
  // Errors after the first one must not end the process; "close" follows each.
  client.on("error", () => {});
  const refused: { reason: string | undefined } = { reason: undefined };
  const config: ConnectConfig = {
    host: host.host,
    port: host.port,
    username: host.user,
    privateKey: readPrivateKey(options.keyFile),
    authHandler: ["publickey"],
    readyTimeout: limitMs,
    keepaliveInterval: KEEPALIVE_MS,
    keepaliveCountMax: KEEPALIVES_MISSED,
    hostVerifier: (key: Buffer) => {
      refused.reason = refusal(host, hostKeys, key);
      return refused.reason === undefined;
    },
  };
  const types = hostKeys.typesFor(host.host, host.port);
  if (types) config.algorithms = { serverHostKey: types as [] };
  const onTimeout = (): Error =>
    new ConsoleError(`auxiliary host ${host.name} does not answer within ${limitMs / 1000} s`);
  try {
    await withDeadline({ signal, limitMs, onTimeout }, (inner) => ready(client, config, inner));
  } catch (error) {
    client.destroy();
    if (error instanceof ConsoleError) throw error;
    throw connectError(error, host, refused.reason);
  }
  // DevTools and RFB are short messages: Nagle's algorithm would make each wait for the last one's ACK.
  client.setNoDelay(true);
  return client;
}

function ready(client: Client, config: ConnectConfig, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(new Error("aborted")), { once: true });
    client
      .once("ready", resolve)
      .once("error", reject)
      .once("close", () => reject(new Error("it closed the connection")))
      .connect(config);
  });
}

/** @returns undefined when the key is believed */
function refusal(host: AuxiliaryHost, keys: HostKeys, key: Buffer): string | undefined {
  const verdict = keys.judge(host.host, host.port, key);
  if (verdict === "trusted") return undefined;
  const seen = `it shows ${hostKeyFingerprint(key)}`;
  if (verdict === "changed")
    return `the host key of ${host.name} is not the one that is trusted, ${seen}: either it was changed or somebody is in between`;
  if (verdict === "revoked") return `the host key of ${host.name} is revoked, ${seen}`;
  return `no host key of ${host.name} is known, ${seen}: compare that with "ssh-keygen -lf" on the host and put it into [browser]ssh_host_keys or ssh_known_hosts`;
}

function connectError(
  cause: unknown,
  host: AuxiliaryHost,
  refused: string | undefined,
): ConsoleError {
  if (refused !== undefined) return new ConsoleError(refused);
  const { level, code, message } = cause as { level?: string; code?: string; message: string };
  const name = `auxiliary host ${host.name}`;
  if (level === "client-authentication")
    return new ConsoleError(`${name} refuses our key for this user`, { cause });
  if (level === "client-timeout") return new ConsoleError(`${name} does not answer`, { cause });
  if (/no matching host key/i.test(message))
    return new ConsoleError(
      `${name} has no host key of a type that ssh_known_hosts has for it: it was changed, or somebody is in between`,
      { cause },
    );
  return new ConsoleError(`cannot reach ${name}: ${code ?? printable(message)}`, { cause });
}

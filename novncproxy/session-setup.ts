/**
 * Brings the two sides of a session together: logs in to the machine and greets the browser at the same
 * time, then passes ClientInit and ServerInit on. Everything here is gone when bytes begin to flow.
 *
 * The machine's password is opened here, and only here, for the length of the login.
 */
import { endpointPasswordPlace } from "../common/console-endpoint.ts";
import type { PreludeMessage } from "../common/console-prelude.ts";
import { hostHandshake, type HostLogin } from "../common/rfb/host-handshake.ts";
import type { SecretBox } from "../common/secret-box.ts";
import type { OpenedSession } from "../db/database.ts";
import type { HostConnection } from "./host-connection.ts";
import { ClientMessageWalker } from "./rfb/client-message-walker.ts";
import { applyQuirks } from "./rfb/quirks.ts";
import { readPrelude } from "./rfb/prelude.ts";
import { readServerInit } from "./rfb/server-init.ts";
import type { ServerMessageTranslator } from "./rfb/server-message-translator.ts";
import { tenantHandshake } from "./rfb/tenant-handshake.ts";
import type { TenantConnection } from "./tenant-connection.ts";

/** What the bytes of one session go through. */
export interface RelayPath {
  /** Sees, drops and replaces what the browser sends. */
  readonly walker: ClientMessageWalker;
  /** Set when the machine is held to another pixel format: rewrites its messages for the browser. */
  readonly translator: ServerMessageTranslator | undefined;
}

/**
 * @param onDialled called when the machine took the connection
 * @param onStarting called before that, for each thing that an endpoint says while it starts
 * @throws {HostError} family, TenantProtocolError; the browser has then been told in RFB's words
 */
export async function connectSession(parts: {
  readonly tenant: TenantConnection;
  readonly host: HostConnection;
  readonly opened: OpenedSession;
  readonly secretBox: SecretBox;
  readonly viewOnly: boolean;
  readonly onDialled: () => void;
  readonly onStarting: (message: PreludeMessage) => void;
}): Promise<RelayPath> {
  const { tenant, host } = parts;
  const login = logIn(parts);
  await tenantHandshake(tenant, login);
  await login;
  /* RFC 6143 section 7.3.1: without the shared-flag the machine throws every other viewer off. */
  host.write(Buffer.from([1]));
  const init = await readServerInit(host);
  const { quirks } = parts.opened.endpoint;
  const { toHost, serverInit, translator } = applyQuirks(quirks, init);
  if (toHost.length > 0) host.write(toHost);
  tenant.write(serverInit);
  const walker = new ClientMessageWalker({
    viewOnly: parts.viewOnly,
    quirks,
    ...(translator && { onPixelFormat: (format) => translator.setTenantFormat(format) }),
  });
  return { walker, translator };
}

async function logIn(parts: {
  readonly host: HostConnection;
  readonly opened: OpenedSession;
  readonly secretBox: SecretBox;
  readonly onDialled: () => void;
  readonly onStarting: (message: PreludeMessage) => void;
}): Promise<void> {
  const { host, opened, secretBox } = parts;
  await host.connected();
  const startsFirst = opened.endpoint.preludeSeconds !== undefined;
  const channel = startsFirst ? await readPrelude(host, parts.onStarting) : host;
  parts.onDialled();
  await hostHandshake(channel, loginOf(opened, secretBox));
}

function loginOf(opened: OpenedSession, secretBox: SecretBox): HostLogin {
  const { allowedSecurityTypes, credentials } = opened.endpoint;
  const sealed = credentials?.password;
  return {
    allowedSecurityTypes,
    ...(credentials?.username !== undefined && { username: credentials.username }),
    ...(sealed && { password: secretBox.open(sealed, endpointPasswordPlace(opened.node.uuid)) }),
  };
}

/**
 * Dials the machines whose console is inside a WebSocket, with the credentials of the BMC that the endpoint
 * brings. They are opened here for that.
 */
import type { CaFiles } from "../common/ca-files.ts";
import { endpointPasswordPlace, type StoredConsoleEndpoint } from "../common/console-endpoint.ts";
import type { BmcSessions } from "../common/host-websocket/bmc-sessions.ts";
import { HostWebSocket } from "../common/host-websocket/host-websocket.ts";
import type { SecretBox } from "../common/secret-box.ts";

export interface WebSocketParts {
  readonly secretBox: SecretBox;
  readonly caFiles: CaFiles;
  readonly bmcSessions: BmcSessions;
  readonly stepMilliseconds: number;
}

/** @returns undefined for every other transport */
export function dialWebSocket(
  endpoint: Pick<StoredConsoleEndpoint, "transport" | "tls" | "credentials">,
  nodeUuid: string,
  parts: WebSocketParts,
): HostWebSocket | undefined {
  const { transport, tls, credentials } = endpoint;
  if (transport.kind !== "websocket") return undefined;
  const sealed = credentials?.password;
  return new HostWebSocket(
    {
      transport,
      tls: tls?.wrap ? tls : undefined,
      username: credentials?.username,
      password: sealed && (() => parts.secretBox.open(sealed, endpointPasswordPlace(nodeUuid))),
    },
    {
      stepMilliseconds: parts.stepMilliseconds,
      caFiles: parts.caFiles,
      sessions: parts.bmcSessions,
    },
  );
}

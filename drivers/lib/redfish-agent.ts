/**
 * The connections of a Redfish client: an undici agent that judges the BMC's certificate before a byte
 * of HTTP is written, and names the fingerprint that it refuses.
 */
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { Agent, buildConnector } from "undici";
import { namingFingerprint, watchFingerprint } from "../../common/host-tls.ts";
import { BmcCertificateInvalid } from "../base.ts";
import { pinHint } from "./host-errors.ts";
import { networkError } from "./network-errors.ts";
import type { RedfishAccess } from "./redfish-options.ts";
import { checkPin, tlsTrustOptions } from "./trust.ts";

/** The option of driver_info, see {@link REDFISH_PROPERTIES} in redfish-options.ts. */
const PIN_OPTION = "redfish_tls_fingerprint";

export interface RedfishAgentLimits {
  /** For TCP and TLS together. */
  readonly connectMs: number;
  readonly maxAnswerBytes: number;
}

/**
 * @param sockets gets every socket as soon as it exists
 * @throws {BmcCertificateInvalid} when the authorities' file cannot be read
 */
export async function makeRedfishAgent(
  access: RedfishAccess,
  limits: RedfishAgentLimits,
  sockets: Set<Socket>,
): Promise<Agent> {
  const { trust } = access;
  const peer = new URL(access.origin).host;
  // buildConnector's function returns its socket, which its type does not say.
  const connector = buildConnector({
    ...(await tlsTrustOptions(trust)),
    minVersion: "TLSv1.2",
    // A resumed session would not show the certificate again.
    maxCachedSessions: 0,
    timeout: limits.connectMs,
  } as buildConnector.BuildOptions) as (...args: Parameters<buildConnector.connector>) => TLSSocket;
  return new Agent({
    connections: 1,
    maxResponseSize: limits.maxAnswerBytes,
    connect: (options, callback) => {
      const opened = connector(options, (...result) => {
        const [failure, socket] = result;
        if (failure !== null) return callback(refusal(failure, peer, shown()), null);
        try {
          checkPin(trust, socket as TLSSocket, peer, PIN_OPTION);
          return callback(null, socket);
        } catch (cause) {
          socket.destroy();
          return callback(cause as Error, null);
        }
      });
      const shown = watchFingerprint(opened);
      sockets.add(opened);
    },
  });
}

/** With the fingerprint when it is the certificate that is not trusted; any other failure as it is. */
function refusal(failure: Error, peer: string, shown: string | undefined): Error {
  const error = networkError(failure, peer);
  if (!(error instanceof BmcCertificateInvalid) || shown === undefined) return failure;
  const message = `${error.message}${namingFingerprint(shown)}${pinHint(PIN_OPTION)}`;
  return new BmcCertificateInvalid(message, { cause: failure });
}

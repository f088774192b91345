/**
 * Logs in to a VNC server as far as SecurityResult and leaves before ClientInit, so that no viewer is
 * disturbed: shows that the server answers and that the password is right.
 *
 * FACT(TigerVNC 1.12, tried): five connections that only read the version line put the caller's
 * address on a black list ("Too many security failures"), a login takes it off again. A health check
 * that just looks would lock the tenants out.
 */
import { hostHandshake, isHeldByOtherViewer } from "../../common/rfb/host-handshake.ts";
import { BmcProtocolError, type ConsoleEndpoint } from "../base.ts";
import { withDeadline } from "./deadline.ts";
import {
  useConnection,
  type ShortConnectionOptions,
  type ConnectionTarget,
} from "./short-connection.ts";
import { silence } from "./wait-for-rfb.ts";

/**
 * A server that is held by its one viewer is well.
 * @param options `limitMs` for everything
 * @throws {BmcAuthenticationFailed} when the server refuses the credentials
 * @throws {BmcFeatureMissing} when it offers no security type that the endpoint allows
 * @throws {BmcUnreachable} {@link BmcTimeout} {@link BmcProtocolError} {@link BmcCertificateInvalid}
 */
export async function tryRfbLogin(
  endpoint: ConsoleEndpoint,
  options: ShortConnectionOptions,
): Promise<void> {
  const target = targetOf(endpoint);
  const { allowedSecurityTypes, credentials } = endpoint;
  const onTimeout = (): Error => silence(target, options.limitMs);
  await withDeadline({ ...options, onTimeout }, (signal) =>
    useConnection(target, { ...options, signal }, async (connection) => {
      try {
        await hostHandshake(connection, { ...credentials, allowedSecurityTypes });
      } catch (error) {
        if (!isHeldByOtherViewer(error)) throw error;
      }
    }),
  );
}

function targetOf(endpoint: ConsoleEndpoint): ConnectionTarget {
  if (endpoint.transport.kind !== "tcp")
    throw new BmcProtocolError("a VNC server at a unix socket cannot be asked from here");
  const { host, port } = endpoint.transport;
  return { host, port, ...(endpoint.tls ? { tls: endpoint.tls } : {}) };
}

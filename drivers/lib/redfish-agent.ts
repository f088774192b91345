/**
 * The connections of a Redfish client: an undici agent that judges the BMC's certificate before a byte
 * of HTTP is written, and names the fingerprint that it refuses.
 */
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
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
  /** The way to a BMC that is not reached from here; TLS goes over it. */
  readonly dial?: RedfishDial | undefined;
}

/** What ends when a client's connections are cut. */
export interface Destroyable {
  destroy(error?: Error): unknown;
}

export type RedfishDial = (
  destination: { readonly host: string; readonly port: number },
  signal: AbortSignal,
) => Promise<Duplex>;

/**
 * @param sockets gets every socket as soon as it exists
 * @throws {BmcCertificateInvalid} when the authorities' file cannot be read
 */
export async function makeRedfishAgent(
  access: RedfishAccess,
  limits: RedfishAgentLimits,
  sockets: Set<Destroyable>,
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
      const open = (carrier?: Duplex): void => {
        const over = carrier && { httpSocket: carrier as Socket };
        const opened = connector({ ...options, ...over }, (...result) => {
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
      };
      const { dial } = limits;
      if (!dial) return open();
      const over = { ...limits, dial, sockets, origin: access.origin };
      void dialled(over, open, (error) => callback(error, null));
    },
  });
}

/** Opens the connection that TLS goes over; it ends with the client's others. */
async function dialled(
  over: {
    readonly dial: RedfishDial;
    readonly origin: string;
    readonly connectMs: number;
    readonly sockets: Set<Destroyable>;
  },
  open: (carrier: Duplex) => void,
  fail: (error: Error) => void,
): Promise<void> {
  const { hostname, port } = new URL(over.origin);
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  const dialling = new AbortController();
  const timer = setTimeout(() => dialling.abort(), over.connectMs);
  // Who cuts the client's connections ends the dialling too.
  const handle: Destroyable = { destroy: () => dialling.abort() };
  over.sockets.add(handle);
  try {
    const to = { host, port: port === "" ? 443 : Number(port) };
    const carrier = await over.dial(to, dialling.signal);
    // TLS reports what goes wrong from now on.
    carrier.on("error", () => undefined);
    over.sockets.add(carrier);
    open(carrier);
  } catch (cause) {
    fail(cause as Error);
  } finally {
    clearTimeout(timer);
    over.sockets.delete(handle);
  }
}

/** With the fingerprint when it is the certificate that is not trusted; any other failure as it is. */
function refusal(failure: Error, peer: string, shown: string | undefined): Error {
  const error = networkError(failure, peer);
  if (!(error instanceof BmcCertificateInvalid) || shown === undefined) return failure;
  const message = `${error.message}${namingFingerprint(shown)}${pinHint(PIN_OPTION)}`;
  return new BmcCertificateInvalid(message, { cause: failure });
}

/** Turns what a machine did to an RFB or TLS handshake into the errors of drivers, naming the machine. */
import {
  BmcAuthenticationFailed,
  BmcCertificateInvalid,
  BmcFeatureMissing,
  BmcProtocolError,
  BmcTimeout,
  BmcUnreachable,
  HostCertificateInvalid,
  HostError,
  HostTimeout,
  HostUnreachable,
  RFBAuthHandshakeFailed,
  RFBAuthNoAvailableScheme,
  type ConsoleServiceError,
} from "../base.ts";
import { namesFingerprint } from "../../common/host-tls.ts";
import { printable } from "../../common/printable.ts";
import { networkError } from "./network-errors.ts";

/** It may hold a failure reason, or all the names in a certificate. */
const MAX_MESSAGE_CHARACTERS = 512;

/** The first class that fits counts; any other HostError is a breach of protocol. */
const COUNTERPARTS: readonly (readonly [typeof HostError, typeof ConsoleServiceError])[] = [
  [HostCertificateInvalid, BmcCertificateInvalid],
  [HostTimeout, BmcTimeout],
  [HostUnreachable, BmcUnreachable],
  [RFBAuthHandshakeFailed, BmcAuthenticationFailed],
  [RFBAuthNoAvailableScheme, BmcFeatureMissing],
  [HostError, BmcProtocolError],
];

/**
 * @param cause HostError family, or what sockets throw
 * @param peer `host:port`
 * @param pinOption driver_info option that would pin the certificate, to name when it is refused
 */
export function bmcError(cause: unknown, peer: string, pinOption?: string): ConsoleServiceError {
  const pair = COUNTERPARTS.find(([type]) => cause instanceof type);
  if (!pair) return networkError(cause, peer);
  const message = printable((cause as HostError).message, MAX_MESSAGE_CHARACTERS);
  const hint = pinOption !== undefined && namesFingerprint(cause) ? pinHint(pinOption) : "";
  return new pair[1](`${peer}: ${message}${hint}`, { cause });
}

/** What to do with the fingerprint that a message has just named. */
export function pinHint(option: string): string {
  return `; if that is the machine's own, set ${option} to it`;
}

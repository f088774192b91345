/**
 * How a BMC's certificate is judged, from driver_info options to what node:tls wants. The default is
 * to verify; a pinned fingerprint replaces authorities because most BMCs sign their own certificate.
 */
import type { ConnectionOptions, TLSSocket } from "node:tls";
import type { CaFiles } from "../../common/ca-files.ts";
import {
  checkPin as checkPinned,
  judgingOptions,
  type CertificateTrust,
} from "../../common/host-tls.ts";
import { bmcError } from "./host-errors.ts";

export type Trust = CertificateTrust;

/**
 * @param verifyCa true for the system's authorities, false for none, or a PEM file's absolute path
 * @param fingerprint SHA-256 of the DER certificate, colons allowed; wins over verifyCa
 */
export function trustOf(verifyCa: boolean | string, fingerprint: string | undefined): Trust {
  if (fingerprint !== undefined)
    return { verify: "pin", fingerprint: fingerprint.replaceAll(":", "").toLowerCase() };
  if (verifyCa === false) return { verify: "none" };
  return verifyCa === true ? { verify: "ca" } : { verify: "ca", caFile: verifyCa };
}

/**
 * The part of TLS options that decides whom we talk to. A pin is judged after the handshake, see
 * {@link checkPin}.
 * @param caFiles with it, no file means the system's authorities, else those that Node.js brings
 * @throws {BmcCertificateInvalid} when the authorities' file cannot be read
 */
export async function tlsTrustOptions(trust: Trust, caFiles?: CaFiles): Promise<ConnectionOptions> {
  /* Node.js parses its own authorities once, the system's take 30 ms whenever nobody remembers them. */
  if (trust.verify === "ca" && trust.caFile === undefined && caFiles === undefined)
    return { rejectUnauthorized: true };
  try {
    return await judgingOptions(trust, { minVersion: "TLSv1.2" }, caFiles);
  } catch (cause) {
    throw bmcError(cause, "the certificate cannot be judged");
  }
}

/**
 * @param pinOption driver_info option that holds the pin, for the message
 * @throws {BmcCertificateInvalid} when the peer's certificate is not the pinned one
 */
export function checkPin(trust: Trust, socket: TLSSocket, peer: string, pinOption: string): void {
  try {
    checkPinned(socket, trust);
  } catch (cause) {
    throw bmcError(cause, peer, pinOption);
  }
}

/**
 * The ProtocolVersion message (RFC 6143 section 7.1.1) of both sides: twelve bytes, compared as
 * integers, never as a fraction.
 */
import { printableBytes } from "./failure-reason.ts";

/** The three handshakes there are; everything seen in the wild behaves like one of them. */
export type RFBVersion = "3.3" | "3.7" | "3.8";

export const PROTOCOL_VERSION_BYTES = 12;

export interface ProtocolVersion {
  /** As stated by the peer, for logs: "003.889". */
  readonly stated: string;
  /** The handshake to do with it. */
  readonly treatedAs: RFBVersion;
}

/** FACT(noVNC core/rfb.js `_negotiateProtocolVersion`): versions seen that RFC 6143 does not list. */
const VERSIONS_IN_THE_WILD: ReadonlyMap<string, RFBVersion> = new Map([
  ["003.007", "3.7"],
  ["003.008", "3.8"],
  ["003.889", "3.8"], // Apple Remote Desktop
  ["004.000", "3.8"], // Intel AMT KVM
  ["004.001", "3.8"], // RealVNC 4.6
  ["005.000", "3.8"], // RealVNC 5.3
]);

const MESSAGES: Readonly<Record<RFBVersion, string>> = {
  "3.3": "RFB 003.003\n",
  "3.7": "RFB 003.007\n",
  "3.8": "RFB 003.008\n",
};

/** The message that asks for a version. */
export function encodeProtocolVersion(version: RFBVersion): Buffer {
  return Buffer.from(MESSAGES[version], "latin1");
}

/**
 * Reads a ProtocolVersion message.
 * @param bytes twelve
 * @returns undefined when it is none, or of a version that is not known to behave like any other
 */
export function parseProtocolVersion(bytes: Buffer): ProtocolVersion | undefined {
  const match = /^RFB (\d{3}\.\d{3})\n$/.exec(bytes.toString("latin1"));
  const stated = match?.[1];
  if (stated === undefined) return undefined;
  const known = VERSIONS_IN_THE_WILD.get(stated);
  if (known !== undefined) return { stated, treatedAs: known };
  // RFC 6143 section 7.1.1: other minor numbers, such as 3.5, are to be treated as 3.3.
  return stated.startsWith("003.") ? { stated, treatedAs: "3.3" } : undefined;
}

/** What the peer sent instead of a version, for an error message. */
export function describeBadVersion(bytes: Buffer): string {
  const text = printableBytes(bytes);
  // FACT(kelleyk/noVNC, Supermicro X11+ boards): "055.008" is ATEN's own protocol, not RFB.
  return bytes.toString("latin1").startsWith("RFB 055.")
    ? `"${text}", ATEN's own protocol that only looks like RFB`
    : `"${text}"`;
}

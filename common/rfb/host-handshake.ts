/**
 * We as a viewer of the machine: everything from the first byte to SecurityResult (RFC 6143 sections
 * 7.1.1 to 7.1.3), for RFB 3.3, 3.7 and 3.8; of the proxy for a session, of a driver to see whether the
 * machine lets us in. It does no I/O of its own; the channel owns deadlines and says who left.
 */
import type { SecurityTypeName } from "../console-endpoint.ts";
import { RFBAuthHandshakeFailed, RFBProtocolError } from "../errors.ts";
import type { HostChannel } from "./byte-channel.ts";
import type { HostCredentials } from "./auth/scheme.ts";
import { chooseSecurityType, innerScheme, isVeNCrypt, securityTypeNumber } from "./auth/schemes.ts";
import { authenticateVeNCrypt } from "./auth/vencrypt.ts";
import {
  READ_PROTOCOL_VERSION,
  READ_SECURITY_RESULT,
  READ_SECURITY_TYPES,
  SECURITY_RESULT_OK,
} from "./constants.ts";
import { NO_REASON, readFailureReason } from "./failure-reason.ts";
import {
  describeBadVersion,
  encodeProtocolVersion,
  parseProtocolVersion,
  PROTOCOL_VERSION_BYTES,
  type ProtocolVersion,
  type RFBVersion,
} from "./protocol-version.ts";

/** What of a ConsoleEndpoint the handshake needs. */
export interface HostLogin extends HostCredentials {
  /** In order of preference. */
  readonly allowedSecurityTypes: readonly SecurityTypeName[];
}

export interface HostHandshakeResult {
  readonly version: ProtocolVersion;
  readonly securityType: SecurityTypeName;
}

/**
 * Logs in. Afterwards ClientInit is to be written.
 * @throws {RFBProtocolError} the host's bytes are not RFB
 * @throws {RFBAuthNoAvailableScheme} naming what is offered and what is allowed
 * @throws {RFBAuthHandshakeFailed} quoting the host's reason
 * @throws {HostError} family, from the channel: left, deadline, TLS
 */
export async function hostHandshake(
  channel: HostChannel,
  login: HostLogin,
): Promise<HostHandshakeResult> {
  const version = await agreeOnVersion(channel);
  const chosen = await agreeOnSecurityType(channel, version.treatedAs, login);
  const securityType = await authenticate(channel, chosen, login);
  if (hasSecurityResult(version.treatedAs, securityType))
    await readSecurityResult(channel, version.treatedAs, securityType);
  return { version, securityType };
}

/** RFC 6143 section 7.1.1: the host's version, then ours, which is the highest both know. */
async function agreeOnVersion(channel: HostChannel): Promise<ProtocolVersion> {
  const bytes = await channel.read(READ_PROTOCOL_VERSION, PROTOCOL_VERSION_BYTES);
  const version = parseProtocolVersion(bytes);
  if (version === undefined)
    throw new RFBProtocolError(
      `ProtocolVersion: expected "RFB 003.008" or another known version, got ${describeBadVersion(bytes)}`,
    );
  channel.write(encodeProtocolVersion(version.treatedAs));
  return version;
}

async function agreeOnSecurityType(
  channel: HostChannel,
  version: RFBVersion,
  login: HostLogin,
): Promise<SecurityTypeName> {
  const { allowedSecurityTypes } = login;
  // RFC 6143 appendix A.1: in 3.3 the host dictates the type, and no answer is sent.
  if (version === "3.3")
    return chooseSecurityType([await readDictatedType(channel)], allowedSecurityTypes, login);
  const chosen = chooseSecurityType(await readOfferedTypes(channel), allowedSecurityTypes, login);
  channel.write(Buffer.from([securityTypeNumber(chosen)]));
  return chosen;
}

async function readDictatedType(channel: HostChannel): Promise<number> {
  const type = (await channel.read(READ_SECURITY_TYPES, 4)).readUInt32BE(0);
  if (type === 0) throw await refusal(channel);
  return type;
}

/** RFC 6143 section 7.1.2: a count of zero means that the host refuses, and says why. */
async function readOfferedTypes(channel: HostChannel): Promise<number[]> {
  const count = (await channel.read(READ_SECURITY_TYPES, 1))[0] ?? 0;
  if (count === 0) throw await refusal(channel);
  return [...(await channel.read(READ_SECURITY_TYPES, count))];
}

async function refusal(channel: HostChannel): Promise<RFBAuthHandshakeFailed> {
  // FACT(TigerVNC): after five wrong passwords it answers so for a while, "Too many security failures".
  return new RFBAuthHandshakeFailed(
    `the host refused the connection: ${await readFailureReason(channel)}`,
  );
}

async function authenticate(
  channel: HostChannel,
  chosen: SecurityTypeName,
  login: HostLogin,
): Promise<SecurityTypeName> {
  if (isVeNCrypt(chosen)) return authenticateVeNCrypt(channel, login.allowedSecurityTypes, login);
  await innerScheme(chosen).authenticate(channel, login);
  return chosen;
}

/**
 * RFC 6143 appendix A.1 and A.2: before 3.8 the type None has no SecurityResult.
 * FACT(QEMU ui/vnc-auth-vencrypt.c, TigerVNC CConnection): VeNCrypt's None subtypes always have one.
 */
function hasSecurityResult(version: RFBVersion, securityType: SecurityTypeName): boolean {
  return version === "3.8" || securityType !== "None";
}

/** RFC 6143 section 7.1.3; appendix A: a reason follows in 3.8 only. */
async function readSecurityResult(
  channel: HostChannel,
  version: RFBVersion,
  securityType: SecurityTypeName,
): Promise<void> {
  const result = (await channel.read(READ_SECURITY_RESULT, 4)).readUInt32BE(0);
  if (result === SECURITY_RESULT_OK) return;
  const reason = version === "3.8" ? await readFailureReason(channel) : NO_REASON;
  throw new RFBAuthHandshakeFailed(`the host refused the ${securityType} login: ${reason}`);
}

/**
 * Whether a machine refused the handshake only since another viewer holds it.
 * FACT(TigerVNC -NeverShared): it says so after the right password, in SecurityResult's reason.
 */
export function isHeldByOtherViewer(error: unknown): boolean {
  return (
    error instanceof RFBAuthHandshakeFailed &&
    /^the host refused the \w+ login: .*\balready in use\b/i.test(error.message)
  );
}

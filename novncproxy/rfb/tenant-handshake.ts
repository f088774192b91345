/**
 * The proxy as a VNC server toward the browser (RFC 6143 sections 7.1 and 7.3.1): version 3.8, security
 * type None, since the tenant has already shown a token. It runs while the host handshake does, and
 * holds back its last word until that one has ended.
 */
import { TenantProtocolError, tenantSentence } from "../../common/errors.ts";
import type { ByteChannel } from "../../common/rfb/byte-channel.ts";
import {
  READ_CLIENT_INIT,
  READ_PROTOCOL_VERSION,
  SECURITY_NONE,
  SECURITY_RESULT_FAILED,
  SECURITY_RESULT_OK,
} from "../../common/rfb/constants.ts";
import { encodeFailureReason } from "../../common/rfb/failure-reason.ts";
import {
  describeBadVersion,
  encodeProtocolVersion,
  parseProtocolVersion,
  PROTOCOL_VERSION_BYTES,
  type RFBVersion,
} from "../../common/rfb/protocol-version.ts";

/**
 * Does it, up to and including ClientInit. ServerInit is next. The version is written before this
 * returns its promise, so that it can share a packet with what precedes it.
 *
 * When the host's login fails, the tenant is told in the form of its version, in a sentence that gives
 * nothing away, and the host's error is thrown on.
 * @param host settles when the machine has let us in, or not
 * @throws {TenantProtocolError}
 * @throws whatever `host` rejects with
 */
export async function tenantHandshake(channel: ByteChannel, host: Promise<unknown>): Promise<void> {
  host.catch(() => undefined); // it is awaited later, and may reject before that
  channel.write(encodeProtocolVersion("3.8"));
  const version = await readVersion(channel);
  await SECURITY_HANDSHAKES[version](channel, host);
  await channel.read(READ_CLIENT_INIT, 1); // its shared-flag is not the tenant's to decide
}

async function readVersion(channel: ByteChannel): Promise<RFBVersion> {
  const bytes = await channel.read(READ_PROTOCOL_VERSION, PROTOCOL_VERSION_BYTES);
  const version = parseProtocolVersion(bytes);
  if (version === undefined)
    throw new TenantProtocolError(
      `ProtocolVersion: expected "RFB 003.008", "RFB 003.007" or "RFB 003.003", got ${describeBadVersion(bytes)}`,
    );
  return version.treatedAs;
}

type SecurityHandshake = (channel: ByteChannel, host: Promise<unknown>) => Promise<void>;

const SECURITY_HANDSHAKES: Readonly<Record<RFBVersion, SecurityHandshake>> = {
  "3.3": dictateType,
  "3.7": offerTypeLate,
  "3.8": offerType,
};

/** RFC 6143 appendix A.1: the type as a U32, zero and a reason to refuse, no SecurityResult for None. */
async function dictateType(channel: ByteChannel, host: Promise<unknown>): Promise<void> {
  await orRefuse(channel, host, encodeUInt32(0));
  channel.write(encodeUInt32(SECURITY_NONE));
}

/** RFC 6143 appendix A.2: no SecurityResult for None, so a refusal must come with the types. */
async function offerTypeLate(channel: ByteChannel, host: Promise<unknown>): Promise<void> {
  await orRefuse(channel, host, Buffer.from([0]));
  channel.write(Buffer.from([1, SECURITY_NONE]));
  await readChoice(channel);
}

/** RFC 6143 sections 7.1.2 and 7.1.3. */
async function offerType(channel: ByteChannel, host: Promise<unknown>): Promise<void> {
  channel.write(Buffer.from([1, SECURITY_NONE]));
  await readChoice(channel, encodeUInt32(SECURITY_RESULT_FAILED));
  await orRefuse(channel, host, encodeUInt32(SECURITY_RESULT_FAILED));
  channel.write(encodeUInt32(SECURITY_RESULT_OK));
}

/** @param refusal what precedes the reason, in versions that can say it at this point */
async function readChoice(channel: ByteChannel, refusal?: Buffer): Promise<void> {
  const choice = (await channel.read("security type choice", 1))[0] ?? 0;
  if (choice === SECURITY_NONE) return;
  const error = new TenantProtocolError(
    `security type choice: expected ${SECURITY_NONE} (None), the only one offered, got ${choice}`,
  );
  if (refusal) channel.write(Buffer.concat([refusal, encodeFailureReason(tenantSentence(error))]));
  throw error;
}

async function orRefuse(
  channel: ByteChannel,
  host: Promise<unknown>,
  refusal: Buffer,
): Promise<void> {
  try {
    await host;
  } catch (error) {
    channel.write(Buffer.concat([refusal, encodeFailureReason(tenantSentence(error))]));
    throw error;
  }
}

function encodeUInt32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value, 0);
  return bytes;
}

/**
 * Security type 19, VeNCrypt 0.2 (rfbproto, "VeNCrypt"): a subtype is agreed on, TLS starts on the same
 * connection, and the inner scheme runs in it. SecurityResult follows inside TLS, always, even where
 * RFB 3.7 leaves it out for None.
 */
import {
  RFBAuthHandshakeFailed,
  RFBAuthNoAvailableScheme,
  RFBProtocolError,
} from "../../errors.ts";
import type { SecurityTypeName } from "../../console-endpoint.ts";
import type { HostChannel } from "../byte-channel.ts";
import { VENCRYPT_SUBTYPES, type VeNCryptName } from "../constants.ts";
import type { HostCredentials } from "./scheme.ts";
import { chooseVeNCryptSubtype, innerScheme } from "./schemes.ts";

const VERSION_0_2 = Buffer.from([0, 2]);
const VERSION_ACCEPTED = 0;
const SUBTYPE_ACCEPTED = 1;

/**
 * Does the whole of it, up to but without SecurityResult.
 * @returns the subtype that was used
 * @throws {HostError} family
 */
export async function authenticateVeNCrypt(
  channel: HostChannel,
  allowed: readonly SecurityTypeName[],
  credentials: HostCredentials,
): Promise<VeNCryptName> {
  await agreeOnVersion(channel);
  const subtype = chooseVeNCryptSubtype(await readSubtypes(channel), allowed, credentials);
  channel.write(encodeUInt32(VENCRYPT_SUBTYPES[subtype]));
  if (subtype !== "Plain") await startTls(channel, subtype);
  await innerScheme(subtype).authenticate(channel, credentials);
  return subtype;
}

async function agreeOnVersion(channel: HostChannel): Promise<void> {
  const version = await channel.read("VeNCrypt version", 2);
  const [major = 0, minor = 0] = version;
  if (major === 0 && minor < 2)
    throw new RFBAuthNoAvailableScheme(
      `the host speaks VeNCrypt ${major}.${minor} only, at least 0.2 is needed`,
    );
  channel.write(VERSION_0_2);
  const answer = (await channel.read("VeNCrypt version answer", 1))[0] ?? 0;
  if (answer !== VERSION_ACCEPTED)
    throw new RFBProtocolError(`the host refused VeNCrypt 0.2 with ${answer}`);
}

async function readSubtypes(channel: HostChannel): Promise<number[]> {
  const count = (await channel.read("VeNCrypt subtype count", 1))[0] ?? 0;
  if (count === 0) throw new RFBAuthHandshakeFailed("the host offers VeNCrypt without any subtype");
  const bytes = await channel.read("VeNCrypt subtypes", count * 4);
  return Array.from({ length: count }, (_, index) => bytes.readUInt32BE(index * 4));
}

async function startTls(channel: HostChannel, subtype: VeNCryptName): Promise<void> {
  const answer = (await channel.read("VeNCrypt subtype answer", 1))[0] ?? 0;
  if (answer !== SUBTYPE_ACCEPTED)
    throw new RFBAuthHandshakeFailed(`the host refused the VeNCrypt subtype ${subtype}`);
  await channel.startTls(subtype.startsWith("X509") ? "certificate" : "anonymous");
}

function encodeUInt32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value, 0);
  return bytes;
}

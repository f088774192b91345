/**
 * Asks a BMC the one question that it answers to anybody, whether it is there. ipmitool needs a minute to
 * find out, and cannot tell a dead BMC from a bad network.
 */
import { createSocket } from "node:dgram";
import { isIPv6 } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { lookup } from "node:dns/promises";
import type { IpmiAccess } from "./access.ts";

/** A command that works has ended by then. */
const PATIENCE_MS = 1500;
const INTERVAL_MS = 500;
/** Seventeen questions: were every second one lost, one of 65 000 BMCs would be taken for dead. */
const LIMIT_MS = 8500;

/**
 * Get Channel Authentication Capabilities outside a session, for the channel it comes by and the
 * privilege level administrator: RMCP, IPMI 1.5 header, message (IPMI 2.0 sections 13.6, 13.8 and 22.13).
 */
const HEADER = Buffer.from("0600ff0700000000000000000009", "hex");
const REQUEST_FRONT = [0x20, 0x18, 0xc8];
const MOST_SEQUENCE = 63;

export interface SignOfLife {
  /** True when the BMC answered none of the questions. */
  readonly silent: boolean;
  /** How long its answer took, when there was one. */
  readonly roundTripMs: number | null;
}

const UNKNOWN: SignOfLife = { silent: false, roundTripMs: null };

/**
 * Watches a command that takes long; resolves with the BMC's first answer, when all questions were in
 * vain, when its name does not resolve, or when the signal aborts.
 */
export async function signOfLife(
  access: Pick<IpmiAccess, "address" | "port">,
  signal: AbortSignal,
): Promise<SignOfLife> {
  try {
    await pause(PATIENCE_MS, undefined, { signal });
    const { address } = await lookup(access.address);
    return await ask(address, access.port, signal);
  } catch {
    return UNKNOWN;
  }
}

async function ask(address: string, port: number, signal: AbortSignal): Promise<SignOfLife> {
  const socket = createSocket(isIPv6(address) ? "udp6" : "udp4");
  const asked: number[] = [];
  const roundTrips: number[] = [];
  // Anything at all is a sign of life; whose it is does not matter, ipmitool judges the rest.
  socket.on("message", (answer) => {
    const sent = asked[(answer[18] ?? 0) >> 2] ?? asked[0] ?? 0;
    roundTrips.push(performance.now() - sent);
  });
  socket.on("error", () => {});
  try {
    const end = performance.now() + LIMIT_MS;
    while (roundTrips.length === 0 && performance.now() < end) {
      const sequence = asked.push(performance.now()) - 1;
      socket.send(question(Math.min(sequence, MOST_SEQUENCE)), port, address, () => {});
      await pause(INTERVAL_MS, undefined, { signal });
    }
    const [roundTripMs] = roundTrips;
    return roundTripMs === undefined
      ? { silent: true, roundTripMs: null }
      : { silent: false, roundTripMs };
  } finally {
    socket.close();
  }
}

/** The BMC sends the sequence number back. */
function question(sequence: number): Buffer {
  const body = [0x81, sequence << 2, 0x38, 0x8e, 0x04];
  const checksum = -body.reduce((sum, byte) => sum + byte, 0) & 0xff;
  return Buffer.concat([HEADER, Buffer.from([...REQUEST_FRONT, ...body, checksum])]);
}

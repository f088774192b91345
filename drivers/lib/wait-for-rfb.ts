/**
 * Asks a port whether a VNC server answers there: its ProtocolVersion line (RFC 6143 section 7.1.1)
 * has to come. Never logs in and never sends a byte of RFB.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { CaFiles } from "../../common/ca-files.ts";
import type { HostChannel } from "../../common/rfb/byte-channel.ts";
import { READ_PROTOCOL_VERSION } from "../../common/rfb/constants.ts";
import {
  describeBadVersion,
  parseProtocolVersion,
  PROTOCOL_VERSION_BYTES,
} from "../../common/rfb/protocol-version.ts";
import { BmcCertificateInvalid, BmcProtocolError, BmcTimeout, RFBProtocolError } from "../base.ts";
import { withDeadline } from "./deadline.ts";
import {
  nameOf,
  useConnection,
  type ShortConnectionOptions,
  type ConnectionTarget,
} from "./short-connection.ts";

/**
 * Asks once.
 * @returns the version as the server wrote it, for example "003.008"
 * @throws {BmcUnreachable} {@link BmcTimeout} {@link BmcProtocolError} {@link BmcCertificateInvalid}
 */
export async function askForRfb(
  target: ConnectionTarget,
  options: ShortConnectionOptions,
): Promise<string> {
  return await withDeadline(
    { ...options, onTimeout: () => silence(target, options.limitMs) },
    (signal) => useConnection(target, { ...options, signal }, readVersion),
  );
}

/**
 * Asks again and again until it answers, `totalMs` at most.
 * @param options `attemptMs` for one try, `pauseMs` between two
 * @throws the last try's error
 */
export async function waitForRfb(
  target: ConnectionTarget,
  options: {
    readonly signal: AbortSignal;
    readonly totalMs: number;
    readonly attemptMs: number;
    readonly pauseMs: number;
    readonly caFiles?: CaFiles | undefined;
    readonly pinOption?: string | undefined;
  },
): Promise<void> {
  const { attemptMs: limitMs, caFiles, pinOption } = options;
  let last: Error = silence(target, options.totalMs);
  await withDeadline(
    { signal: options.signal, limitMs: options.totalMs, onTimeout: () => last },
    async (signal) => {
      for (;;) {
        try {
          await askForRfb(target, { signal, limitMs, caFiles, pinOption });
          return;
        } catch (error) {
          if (signal.aborted || isFinal(error)) throw error;
          last = error as Error;
        }
        await pause(options.pauseMs, undefined, { signal });
      }
    },
  );
}

/** @returns the three digits, dot, three digits of the ProtocolVersion line */
async function readVersion(channel: HostChannel): Promise<string> {
  const line = await channel.read(READ_PROTOCOL_VERSION, PROTOCOL_VERSION_BYTES);
  const version = parseProtocolVersion(line);
  if (version) return version.stated;
  throw new RFBProtocolError(
    `what answers at the VNC port is not a VNC server: ${describeBadVersion(line)}`,
  );
}

export function silence(target: ConnectionTarget, limitMs: number): BmcTimeout {
  return new BmcTimeout(
    `${nameOf(target)} did not answer as a VNC server within ${limitMs / 1000} s`,
  );
}

/** Asking again would not change it: somebody answers, but not the one we want. */
function isFinal(error: unknown): boolean {
  return error instanceof BmcCertificateInvalid || error instanceof BmcProtocolError;
}

/**
 * Reads what an endpoint says before its first RFB byte, see common/console-prelude.ts. Does no I/O of
 * its own. Lines that are not understood are passed over; too long ones, and other bytes, are errors.
 */
import {
  parsePreludeLine,
  PRELUDE_LINE_LIMIT,
  START_FAILURES,
  type PreludeMessage,
} from "../../common/console-prelude.ts";
import { ConsoleStartFailed, RFBProtocolError } from "../../common/errors.ts";
import type { HostChannel } from "../../common/rfb/byte-channel.ts";

/** Name of these reads: they have a patience of their own. */
export const READ_PRELUDE = "word of its start";

const OPENING_BRACE = 0x7b;
const LINE_FEED = 0x0a;
const FIRST_OF_RFB = 0x52;

/**
 * @param say gets each message but the last one of a failure
 * @returns the channel as the RFB handshake has to see it: from the `R` of the version on
 * @throws {ConsoleStartFailed} when the endpoint says that the start failed
 * @throws {RFBProtocolError} what the channel throws
 */
export async function readPrelude(
  channel: HostChannel,
  say: (message: PreludeMessage) => void,
): Promise<HostChannel> {
  for (;;) {
    const first = await readByte(channel);
    if (first === FIRST_OF_RFB) return new FromFirstByte(channel, first);
    if (first !== OPENING_BRACE)
      throw new RFBProtocolError(`${READ_PRELUDE}: expected "{" or "R", got byte ${first}`);
    const message = parsePreludeLine(await readLine(channel, first));
    if (message?.type === "failed")
      throw new ConsoleStartFailed(
        `the console could not be started: ${message.failure} at step ${message.step}`,
        START_FAILURES[message.failure],
      );
    if (message) say(message);
  }
}

async function readLine(channel: HostChannel, first: number): Promise<string> {
  const bytes = [first];
  for (;;) {
    const byte = await readByte(channel);
    if (byte === LINE_FEED) return Buffer.from(bytes).toString("utf8");
    bytes.push(byte);
    if (bytes.length >= PRELUDE_LINE_LIMIT)
      throw new RFBProtocolError(`${READ_PRELUDE}: a line is longer than ${PRELUDE_LINE_LIMIT}`);
  }
}

async function readByte(channel: HostChannel): Promise<number> {
  return (await channel.read(READ_PRELUDE, 1))[0] ?? 0;
}

/** Gives back the one byte that was read too far. */
class FromFirstByte implements HostChannel {
  readonly #channel: HostChannel;
  #first: number | undefined;

  constructor(channel: HostChannel, first: number) {
    this.#channel = channel;
    this.#first = first;
  }

  async read(name: string, length: number): Promise<Buffer> {
    const first = this.#first;
    if (first === undefined || length === 0) return await this.#channel.read(name, length);
    this.#first = undefined;
    const rest = length > 1 ? await this.#channel.read(name, length - 1) : Buffer.alloc(0);
    return Buffer.concat([Buffer.from([first]), rest]);
  }

  write(bytes: Uint8Array): void {
    this.#channel.write(bytes);
  }

  startTls(kind: "certificate" | "anonymous"): Promise<void> {
    return this.#channel.startTls(kind);
  }
}

/**
 * Handshakes written down as conversations: what the peer says, what the proxy must answer, in order.
 * The peer says its next line only after every answer before it has come, as real ones do, so a
 * handshake that waits at the wrong place is found.
 *
 *   const talk = [peer("RFB 003.008\n"), proxy("RFB 003.008\n"), peer([1, 1]), proxy([1]), peer([0, 0, 0, 0])];
 *   await runTranscript(talk, (channel) => hostHandshake(channel, login));
 */
import assert from "node:assert/strict";
import type { HostChannel } from "../../common/rfb/byte-channel.ts";
import { ChoppingChannel, type Chopping } from "./chopping-channel.ts";

type Bytes = string | readonly number[] | Uint8Array;
export type Line =
  | { readonly who: "peer"; readonly bytes: Buffer }
  | { readonly who: "proxy"; readonly bytes: Buffer }
  | { readonly who: "tls"; readonly kind: "certificate" | "anonymous" }
  | { readonly who: "leaves" };

/** The peer sends. Strings are Latin-1. */
export function peer(...parts: Bytes[]): Line {
  return { who: "peer", bytes: toBuffer(parts) };
}
/** The proxy must send exactly this, in however many writes. */
export function proxy(...parts: Bytes[]): Line {
  return { who: "proxy", bytes: toBuffer(parts) };
}
/** The proxy must start TLS. */
export function tls(kind: "certificate" | "anonymous"): Line {
  return { who: "tls", kind };
}
/** The peer hangs up. */
export const leaves: Line = { who: "leaves" };

export function u32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => bytes.writeUInt32BE(value, 4 * index));
  return bytes;
}

function toBuffer(parts: readonly Bytes[]): Buffer {
  return Buffer.concat(
    parts.map((part) =>
      typeof part === "string" ? Buffer.from(part, "latin1") : Buffer.from(part),
    ),
  );
}

const DEADLINE_MILLISECONDS = 3000;

/**
 * Runs a handshake against a conversation, and checks that it took place as written.
 * @returns what the handshake resolved to
 */
export async function runTranscript<T>(
  lines: readonly Line[],
  run: (channel: HostChannel) => Promise<T>,
  options: { chopping?: Chopping; side?: "host" | "tenant" } = {},
): Promise<T> {
  const channel = new ChoppingChannel(options.chopping, options.side);
  const script = new Script(lines, channel);
  channel.onWrite = () => script.advance();
  script.advance();
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`stuck reading ${channel.reads.at(-1)}; ${script.whatIsLeft()}`)),
      DEADLINE_MILLISECONDS,
    );
  });
  try {
    return await Promise.race([run(channel), deadline]);
  } finally {
    clearTimeout(timer);
    script.checkFinished();
  }
}

class Script {
  readonly #lines: readonly Line[];
  readonly #channel: ChoppingChannel;
  #at = 0;
  #writesSeen = 0;
  #pending: Buffer = Buffer.alloc(0);

  constructor(lines: readonly Line[], channel: ChoppingChannel) {
    this.#lines = lines;
    this.#channel = channel;
  }

  /** Goes on for as long as nothing has to be waited for. */
  advance(): void {
    for (let line = this.#lines[this.#at]; line; line = this.#lines[this.#at]) {
      if (line.who === "peer") this.#channel.deliver(line.bytes);
      else if (line.who === "leaves") this.#channel.end();
      else if (!this.#wasWritten(line)) return;
      this.#at += 1;
    }
  }

  #wasWritten(line: Line & { who: "proxy" | "tls" }): boolean {
    const wanted = line.who === "proxy" ? line.bytes.length : 0;
    while (line.who === "proxy" && this.#pending.length < wanted) {
      const next = this.#channel.writes[this.#writesSeen];
      if (next === undefined || typeof next === "string") return false;
      this.#pending = Buffer.concat([this.#pending, next]);
      this.#writesSeen += 1;
    }
    if (line.who === "tls") {
      const isNext = this.#channel.writes[this.#writesSeen] === line.kind;
      if (isNext) this.#writesSeen += 1;
      return isNext;
    }
    assert.equal(
      this.#pending.subarray(0, wanted).toString("hex"),
      line.bytes.toString("hex"),
      `line ${this.#at + 1} of the transcript`,
    );
    this.#pending = this.#pending.subarray(wanted);
    return true;
  }

  whatIsLeft(): string {
    const line = this.#lines[this.#at];
    return line ? `line ${this.#at + 1} (${line.who}) was not reached` : "every line was reached";
  }

  checkFinished(): void {
    const rest = [this.#pending, ...this.#channel.writes.slice(this.#writesSeen)].filter(
      (one) => typeof one === "string" || one.length > 0,
    );
    const more = rest.map((one) => (typeof one === "string" ? one : one.toString("hex")));
    assert.deepEqual(more, [], `written beyond the transcript; ${this.whatIsLeft()}`);
    assert.equal(this.#at, this.#lines.length, this.whatIsLeft());
  }
}

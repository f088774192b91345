/**
 * The server's half of a SOCKS5 handshake (RFC 1928) as a browser speaks it: no authentication, CONNECT only.
 * It decides nothing and connects nowhere. Bytes come from a hostile page's browser: every length is bounded.
 */
import type { Duplex } from "node:stream";
import { SandboxProtocolError } from "../../base.ts";
import type { Destination } from "../providers/provider.ts";

const VERSION = 5;
const NO_AUTHENTICATION = 0;
const NO_ACCEPTABLE_METHOD = 0xff;
const CONNECT = 1;
const ADDRESS = { ipv4: 1, name: 3, ipv6: 4 } as const;
/** Greeting with 255 methods, then a request with the longest name. */
const MAX_BYTES = 2 + 255 + 5 + 255 + 2;

/** Reply codes of RFC 1928 section 6. */
export const REPLY = {
  succeeded: 0,
  notAllowed: 2,
  hostUnreachable: 4,
  commandNotSupported: 7,
  addressNotSupported: 8,
} as const;

/**
 * Reads up to the end of the request; what comes behind it stays in the stream.
 * @param signal its abort ends the wait
 * @throws {SandboxProtocolError}
 */
export async function readRequest(stream: Duplex, signal: AbortSignal): Promise<Destination> {
  const reader = new BoundedReader(stream, signal);
  const [version, count = 0] = await reader.take(2);
  if (version !== VERSION) throw new SandboxProtocolError("not SOCKS5");
  const methods = await reader.take(count);
  if (!methods.includes(NO_AUTHENTICATION)) {
    stream.write(Uint8Array.of(VERSION, NO_ACCEPTABLE_METHOD));
    throw new SandboxProtocolError("no way to authenticate in common");
  }
  stream.write(Uint8Array.of(VERSION, NO_AUTHENTICATION));
  const [again, command, , type = 0] = await reader.take(4);
  if (again !== VERSION) throw new SandboxProtocolError("not SOCKS5");
  if (command !== CONNECT) {
    reply(stream, REPLY.commandNotSupported);
    throw new SandboxProtocolError(`command ${command}`);
  }
  const host = await readHost(reader, type);
  if (host === undefined) {
    reply(stream, REPLY.addressNotSupported);
    throw new SandboxProtocolError("an address that is none");
  }
  return { host, port: (await reader.take(2)).readUInt16BE() };
}

/** With an unspecified bound address, which nobody reads. */
export function reply(stream: Duplex, code: number): void {
  stream.write(Uint8Array.of(VERSION, code, 0, ADDRESS.ipv4, 0, 0, 0, 0, 0, 0));
}

async function readHost(reader: BoundedReader, type: number): Promise<string | undefined> {
  if (type === ADDRESS.ipv4) return [...(await reader.take(4))].join(".");
  if (type === ADDRESS.ipv6) {
    const bytes = await reader.take(16);
    const groups = Array.from({ length: 8 }, (_none, index) => bytes.readUInt16BE(index * 2));
    return groups.map((group) => group.toString(16)).join(":");
  }
  if (type !== ADDRESS.name) return undefined;
  const name = (await reader.take((await reader.take(1))[0] ?? 0)).toString("latin1");
  return /^[!-~]+$/.test(name) ? name.replace(/^\[(.*)\]$/, "$1") : undefined;
}

class BoundedReader {
  readonly #stream: Duplex;
  readonly #signal: AbortSignal;
  #taken = 0;

  constructor(stream: Duplex, signal: AbortSignal) {
    this.#stream = stream;
    this.#signal = signal;
  }

  async take(length: number): Promise<Buffer> {
    this.#taken += length;
    if (this.#taken > MAX_BYTES) throw new SandboxProtocolError("a request that is too long");
    return length === 0 ? Buffer.alloc(0) : await readExactly(this.#stream, length, this.#signal);
  }
}

/**
 * @returns exactly that many bytes; the rest stays in the stream, which is left paused
 * @throws {SandboxProtocolError} when the stream ends before, or the signal aborts
 */
export function readExactly(stream: Duplex, length: number, signal: AbortSignal): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const settle = (bytes?: Buffer): void => {
      stream.off("readable", look).off("end", leave).off("close", leave).off("error", leave);
      signal.removeEventListener("abort", leave);
      if (bytes) resolve(bytes);
      else reject(new SandboxProtocolError("it left before it had asked"));
    };
    const leave = (): void => settle();
    const look = (): void => {
      // read(n) of an ended stream gives what is left, which may be less
      const bytes = stream.read(length) as Buffer | null;
      if (bytes !== null) settle(bytes.length === length ? bytes : undefined);
      else if (stream.readableEnded || stream.destroyed) leave();
    };
    stream.on("readable", look).on("end", leave).on("close", leave).on("error", leave);
    signal.addEventListener("abort", leave, { once: true });
    if (signal.aborted) leave();
    else look();
  });
}
